"""The REST request that is being served, for the corrections that need more of it than MiniStack hands them."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from local.emulator.ministack_internals import (
    FUNCTIONS,
    REST,
    Answer,
    GatewayError,
    Original,
    Result,
    around,
    mapping,
    reach,
)

_INVOCATION_ID = "invocation_id"
"""The member of a function's result that holds Lambda's id of the invocation."""


@dataclass(slots=True, kw_only=True)
class ServedRequest:
    """One request to a deployed REST API, and what has become known of it so far.

    `record` is MiniStack's own account of it: `stage`, `resource_path`, `path_params`, `request_id`.
    `authorizer_output` is what the authorizer returned, now or when its policy was cached; `authorizer_request_id` is
    the id of its invocation for this request, empty where its policy was cached. `error` is the gateway error being
    answered and `status` its HTTP status, where its type alone does not say it.
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
        """The stage's settings; empty where there is no such stage."""
        return self.record.get("stage") or {}

    @property
    def request_id(self) -> str:
        """The id that the client, the function and the logs see."""
        return self.record.get("request_id", "")


_served: ContextVar[ServedRequest | None] = ContextVar("served", default=None)


def served() -> ServedRequest | None:
    """The request being served, if the code that asks runs for one."""
    return _served.get()


def gateway_error(
    response_type: str, message: str = "Internal server error", error_type: str | None = None
) -> GatewayError:
    """An error of the gateway's own, answered through the stage's gateway response of that type."""
    return reach(REST, "_GatewayError")(response_type, message, error_type)


class PolicyWithOutput(dict[str, Any]):
    """An authorizer's policy, which MiniStack caches, and the output it came with, which it does not."""

    def __init__(self, document: dict[str, Any], output: dict[str, Any]) -> None:
        super().__init__(document)
        self.output = output


def install() -> None:
    """Keep `served()` up to date. It goes around everything else that is put around MiniStack."""
    around(REST, "_handle_execute_in_scope", _serve)
    around(REST, "_execute_in_scope", _note_record)
    around(REST, "_gateway_error_response", _note_error)
    around(FUNCTIONS, "_execute_function_dispatch", _carry_invocation_id)
    around(REST, "_invoke_authorizer_lambda", _carry_output)
    around(REST, "_invoke_authorizer_lambda", _note_invocation_id)
    around(REST, "_evaluate_policy", _note_output)


async def _serve(  # noqa: PLR0917
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
) -> Answer:
    request = ServedRequest(
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
    token = _served.set(request)
    try:
        return await original(api_id, stage_name, method, path, headers, body, query, account, region)
    finally:
        _served.reset(token)


async def _note_record(original: Original, record: dict[str, Any], *arguments: object) -> Answer | GatewayError:
    if request := served():
        request.record = record
    return await original(record, *arguments)


def _note_error(original: Original, error: GatewayError, record: dict[str, Any]) -> Answer:
    if request := served():
        request.error = error
    return original(error, record)


def _carry_invocation_id(
    original: Original, function: object, settings: object, event: object, request_id: str, started: float
) -> dict[str, Any]:
    return {**original(function, settings, event, request_id, started), _INVOCATION_ID: request_id}


async def _note_invocation_id(original: Original, *arguments: object) -> Result:
    result: Result = await original(*arguments)
    if request := served():
        request.authorizer_request_id = (result or {}).get(_INVOCATION_ID, "")
    return result


async def _carry_output(original: Original, *arguments: object) -> Result:
    result: Result = await original(*arguments)
    output = mapping((result or {}).get("body"))
    document = mapping((output or {}).get("policyDocument"))
    if result is None or output is None or document is None:
        return result
    return {**result, "body": {**output, "policyDocument": PolicyWithOutput(document, output)}}


def _note_output(original: Original, document: object, method_arn: str) -> str:
    request = served()
    if request and isinstance(document, PolicyWithOutput):
        request.authorizer_output = document.output
    return original(document, method_arn)
