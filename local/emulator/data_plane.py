"""The data plane's current request, for corrections that need more of it than MiniStack passes to them."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from local.emulator.ministack_internals import (
    FUNCTIONS,
    REST,
    GatewayError,
    Original,
    Response,
    Result,
    internal,
    json_object,
    patch,
)

_INVOCATION_ID = "invocation_id"
"""The member of a function's result that contains the invocation's id."""


@dataclass(slots=True, kw_only=True)
class GatewayRequest:
    """A request to a deployed REST API, and what is known about it so far.

    `record` is MiniStack's own record of the request: `stage`, `resource_path`, `path_params`, `request_id`.
    `authorizer_output` is the authorizer's result, for this request or when its policy was cached;
    `authorizer_request_id` is the id of its invocation for this request, empty if its policy was cached. `error` is the
    gateway error of the response, and `status` its HTTP status if the error's type does not determine it.
    """

    api_id: str
    stage_name: str
    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, list[str]]
    body: bytes
    account: str
    region: str
    started: float = field(default_factory=time.time)
    record: dict[str, Any] = field(default_factory=dict[str, Any])
    authorizer_output: dict[str, Any] = field(default_factory=dict[str, Any])
    authorizer_request_id: str = ""
    status: int | None = None
    error: GatewayError | None = None

    @property
    def stage(self) -> dict[str, Any]:
        """The stage's settings; empty if the stage does not exist."""
        return self.record.get("stage") or {}

    @property
    def request_id(self) -> str:
        """The request's id for the client, the function and the logs."""
        return self.record.get("request_id", "")


_current: ContextVar[GatewayRequest | None] = ContextVar("current_request", default=None)


def current_request() -> GatewayRequest | None:
    """Return the request that the calling code is processing, or None."""
    return _current.get()


def gateway_error(
    response_type: str, message: str = "Internal server error", error_type: str | None = None
) -> GatewayError:
    """Return an error of the gateway, which is rendered by the stage's gateway response of this type."""
    return internal(REST, "_GatewayError")(response_type, message, error_type)


class PolicyWithOutput(dict[str, Any]):
    """An authorizer's policy, which MiniStack caches, with the rest of the output, which it does not cache."""

    def __init__(self, document: dict[str, Any], output: dict[str, Any]) -> None:
        super().__init__(document)
        self.output = output


def track_requests() -> None:
    """Keep `current_request()` up to date. These patches must be applied after all corrections."""
    patch(REST, "_handle_execute_in_scope", _handle)
    patch(REST, "_execute_in_scope", _store_record)
    patch(REST, "_gateway_error_response", _store_error)
    patch(FUNCTIONS, "_execute_function_dispatch", _add_invocation_id)
    patch(REST, "_invoke_authorizer_lambda", _add_output)
    patch(REST, "_invoke_authorizer_lambda", _store_invocation_id)
    patch(REST, "_evaluate_policy", _store_output)


async def _handle(  # noqa: PLR0917
    original: Original,
    api_id: str,
    stage_name: str,
    method: str,
    path: str,
    headers: dict[str, str] | None,
    body: bytes | None,
    query: dict[str, list[str]] | None,
    account: str,
    region: str,
) -> Response:
    request = GatewayRequest(
        api_id=api_id,
        stage_name=stage_name,
        method=method,
        path=path,
        headers=headers or {},
        query=query or {},
        body=body or b"",
        account=account,
        region=region,
    )
    token = _current.set(request)
    try:
        return await original(api_id, stage_name, method, path, headers, body, query, account, region)
    finally:
        _current.reset(token)


async def _store_record(original: Original, record: dict[str, Any], *arguments: object) -> Response | GatewayError:
    if request := current_request():
        request.record = record
    return await original(record, *arguments)


def _store_error(original: Original, error: GatewayError, record: dict[str, Any]) -> Response:
    if request := current_request():
        request.error = error
    return original(error, record)


def _add_invocation_id(
    original: Original, function: object, settings: object, event: object, request_id: str, started: float
) -> dict[str, Any]:
    return {**original(function, settings, event, request_id, started), _INVOCATION_ID: request_id}


async def _store_invocation_id(original: Original, *arguments: object) -> Result:
    result: Result = await original(*arguments)
    if request := current_request():
        request.authorizer_request_id = (result or {}).get(_INVOCATION_ID, "")
    return result


async def _add_output(original: Original, *arguments: object) -> Result:
    return with_output(await original(*arguments))


def with_output(result: Result) -> Result:
    """Return an authorizer's result with the rest of its output in its policy."""
    output = json_object((result or {}).get("body"))
    document = json_object((output or {}).get("policyDocument"))
    if result is None or output is None or document is None:
        return result
    return {**result, "body": {**output, "policyDocument": PolicyWithOutput(document, output)}}


def _store_output(original: Original, document: object, method_arn: str) -> str:
    request = current_request()
    if request and isinstance(document, PolicyWithOutput):
        request.authorizer_output = document.output
    return original(document, method_arn)
