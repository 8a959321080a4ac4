"""The results of the authorizers of HTTP APIs.

AWS ("Control access to HTTP APIs with AWS Lambda authorizers"): the policy is evaluated as that of a REST API. An
exception with the message `Unauthorized` leads to 401, and any other failure or malformed output to 500, without
details. MiniStack considers only Effect and Resource, answers 500 to every exception, accepts a policy of any size, and
ignores invalid statements.
"""

from __future__ import annotations

from typing import Any

from local.emulator.corrections.authorizer_output import is_acceptable
from local.emulator.corrections.authorizer_policies import evaluate
from local.emulator.corrections.unauthorized_exactly import MESSAGE
from local.emulator.http_data_plane import AUTHORIZER, JSON, HttpRequest, Invoke, error_message, patch_invocations
from local.emulator.ministack_internals import HTTP, Original, Response, Result, json_object, patch

_UNAUTHORIZED: Response = (401, JSON, b'{"message":"Unauthorized"}')


class _Unauthorized(Exception):
    pass


def apply() -> None:
    """Use MiniStack's IAM evaluator, and check the results of authorizers."""
    patch(HTTP, "_evaluate_authorizer_policy", evaluate)
    patch(HTTP, "_authorize_request_v2", _authorize)
    patch_invocations(AUTHORIZER, _invoke)


async def _authorize(original: Original, *arguments: object) -> tuple[Response | None, dict[str, Any] | None]:
    try:
        return await original(*arguments)
    except _Unauthorized:
        return _UNAUTHORIZED, None


async def _invoke(invoke: Invoke, request: HttpRequest, event: dict[str, Any]) -> Result:
    result = await invoke(event)
    request.authorizer_error = error_message(result)
    if request.authorizer_error == MESSAGE:
        raise _Unauthorized
    return result if is_acceptable(json_object((result or {}).get("body"))) else None
