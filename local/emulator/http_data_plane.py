"""The current request to an HTTP API, and the invocations that it leads to, for the corrections of HTTP APIs."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from local.emulator.data_plane import PolicyWithOutput, with_output
from local.emulator.ministack_internals import HTTP, Original, Response, Result, internal, json_object, patch

AUTHORIZER = "ministack-apigw-authorizer"
INTEGRATION = "ministack-apigw-invoke"
"""The names of the threads in which MiniStack runs authorizers and integrations."""

REQUEST_ID = "apigw-requestid"
JSON = {"Content-Type": "application/json"}
INTERNAL_ERROR: Response = (500, JSON, b'{"message":"Internal Server Error"}')

Invoke = Callable[[dict[str, Any]], Awaitable[Result]]
"""Invokes a function with an event."""


@dataclass(slots=True, kw_only=True)
class HttpRequest:
    """A request to an HTTP API, and what is known about it so far.

    `route` is MiniStack's record of the matching route. `authorizer_context` is the context that the authorizer
    returned for this request or when its policy was cached. Errors are the messages of failed functions.
    """

    api_id: str
    stage_name: str
    path: str
    method: str
    headers: dict[str, str]
    body: bytes
    account: str
    region: str
    started: float = field(default_factory=time.time)
    request_id: str = field(default_factory=lambda: base64.b64encode(os.urandom(11)).decode())
    route: dict[str, Any] = field(default_factory=dict[str, Any])
    authorizer_context: dict[str, Any] = field(default_factory=dict[str, Any])
    authorizer_error: str = ""
    integration_error: str = ""
    integration_milliseconds: int | None = None

    @property
    def stage(self) -> dict[str, Any]:
        """The stage's settings; empty if the stage does not exist."""
        stages: dict[str, dict[str, Any]] = internal(HTTP, "_stages").get(self.api_id) or {}
        return stages.get(self.stage_name) or {}

    @property
    def full_path(self) -> str:
        """The path with the stage's prefix, which the default stage does not have."""
        return self.path if self.stage_name == "$default" else f"/{self.stage_name}{self.path}"

    @property
    def source_arn(self) -> str:
        """The beginning of the ARNs with which API Gateway calls functions for the API."""
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.api_id}"


Replacement = Callable[[Invoke, HttpRequest, dict[str, Any]], Awaitable[Result]]
"""Is called in place of an invocation, with the original one, the request and the event."""

_current: ContextVar[HttpRequest | None] = ContextVar("current_http_request", default=None)


def current_http_request() -> HttpRequest | None:
    """Return the request that the calling code is processing, or None."""
    return _current.get()


def patch_invocations(
    thread: str, replacement: Callable[[Invoke, HttpRequest, dict[str, Any]], Awaitable[Any]]
) -> None:
    """Replace the invocations of authorizers or integrations; the replacement may call the first argument."""

    async def run(original: Original, function: object, record: object, event: dict[str, Any], **named: str) -> Result:
        async def invoke(event: dict[str, Any]) -> Result:
            return await original(function, record, event, **named)

        request = current_http_request()
        if request is None or named.get("thread_name") != thread:
            return await invoke(event)
        return await replacement(invoke, request, event)

    patch(HTTP, "run_reentrant", run)


def track_http_requests() -> None:
    """Keep `current_http_request()` up to date. These patches must be applied after all corrections."""
    patch(HTTP, "_handle_execute_in_scope", _handle)
    patch(HTTP, "_match_route", _store_route)
    patch_invocations(AUTHORIZER, _add_output)
    patch(HTTP, "_evaluate_authorizer_policy", _store_context)
    patch_invocations(INTEGRATION, _store_integration)


async def _handle(  # noqa: PLR0917
    original: Original,
    api_id: str,
    stage: str,
    path: str,
    method: str,
    headers: dict[str, str] | None,
    body: bytes | None,
    query: dict[str, list[str]] | None,
    account: str,
    region: str,
    raw_query: str | None = None,
) -> Response:
    request = HttpRequest(
        api_id=api_id,
        stage_name=stage,
        path=path,
        method=method,
        headers=headers or {},
        body=body or b"",
        account=account,
        region=region,
    )
    token = _current.set(request)
    try:
        answer = await original(api_id, stage, path, method, headers, body, query, account, region, raw_query)
    finally:
        _current.reset(token)
    status, response_headers, content = answer
    return status, {**response_headers, REQUEST_ID: request.request_id}, content


def _store_route(original: Original, *arguments: object) -> dict[str, Any] | None:
    route = original(*arguments)
    if request := current_http_request():
        request.route = route or {}
    return route


async def _add_output(invoke: Invoke, _request: HttpRequest, event: dict[str, Any]) -> Result:
    return with_output(await invoke(event))


def _store_context(original: Original, document: object, route_arn: str) -> str:
    request = current_http_request()
    if request and isinstance(document, PolicyWithOutput):
        request.authorizer_context = document.output.get("context") or {}
    return original(document, route_arn)


async def _store_integration(invoke: Invoke, request: HttpRequest, event: dict[str, Any]) -> Result:
    started = time.time()
    result = await invoke(event)
    request.integration_milliseconds = int((time.time() - started) * 1000)
    return result


def error_message(result: Result) -> str:
    """Return the message of a failed function; empty if it did not fail."""
    found = result or {}
    return str((json_object(found.get("body")) or {}).get("errorMessage", "")) if found.get("error") else ""
