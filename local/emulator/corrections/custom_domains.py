"""Requests to a custom domain, and the URL that a domain replaces.

AWS: a function gets the path that the client requested, with the base path of the mapping and without the stage
(`requestContext.path` and `path` in payload 1.0, `rawPath` in 2.0), and the domain's name. If the default endpoint is
disabled, it answers 403 for a REST API and 404 for an HTTP API, from the next deployment on (AWS re:Post, "How do I
deactivate the default endpoint?"). MiniStack finds the API, but its events have the path of the default endpoint, and
the default endpoint cannot be disabled.

The name of a domain does not lead to the emulator, so a domain has a second address there: a path that starts with
`/_aws/domains/api.example.com/`. Such a request is handled like one to the domain.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from local.emulator.http_data_plane import AUTHORIZER, INTEGRATION, HttpRequest, Invoke, patch_invocations
from local.emulator.ministack_internals import APP, HTTP, REST, Original, Response, Result, internal, patch

ADDRESS = "/_aws/domains/"
"""The start of a path that addresses a domain, whose name and the path of the request follow."""

_JSON = {"Content-Type": "application/json"}
_DISABLED: dict[str, Response] = {
    REST: (403, {**_JSON, "x-amzn-ErrorType": "ForbiddenException"}, b'{"message":"Forbidden"}'),
    HTTP: (404, _JSON, b'{"message":"Not Found"}'),
}
_STORES = {REST: "_rest_apis", HTTP: "_apis"}

_requested: ContextVar[tuple[str, str] | None] = ContextVar("domain_and_path", default=None)
"""The custom domain of the current request and the path that the client requested; None at the default endpoint."""


def apply() -> None:
    """Correct the events of requests to custom domains, and reject requests to disabled endpoints."""
    patch(APP, "_handle_execute_api_request", _handle)
    patch(APP, "_resolve_custom_domain_request", _resolve)
    patch(REST, "_build_lambda_event_v1", _build)
    for thread in (AUTHORIZER, INTEGRATION):
        patch_invocations(thread, _invoke)
    for module in (REST, HTTP):
        _reject_disabled(module)


async def _handle(original: Original, *arguments: object, **named: object) -> Response | None:
    token = _requested.set(None)
    try:
        return await original(*arguments, **named)
    finally:
        _requested.reset(token)


def _resolve(original: Original, host: str, path: str) -> tuple[str, str, str] | None:
    if path.startswith(ADDRESS):
        host, slash, rest = path.removeprefix(ADDRESS).partition("/")
        path = slash + rest or "/"
    found = original(host, path)
    if found is not None:
        _requested.set((host.partition(":")[0].lower(), path))
    return found


def _build(original: Original, *arguments: object, **named: object) -> dict[str, Any]:
    event: dict[str, Any] = original(*arguments, **named)
    if requested := _requested.get():
        domain, path = requested
        event["path"] = path
        event["requestContext"] |= {"path": path, **_domain(domain)}
    return event


async def _invoke(invoke: Invoke, _request: HttpRequest, event: dict[str, Any]) -> Result:
    if requested := _requested.get():
        domain, path = requested
        context = event["requestContext"]
        http = {**context["http"], "path": path}
        event = {**event, "rawPath": path, "requestContext": {**context, "http": http, **_domain(domain)}}
    return await invoke(event)


def _domain(name: str) -> dict[str, str]:
    return {"domainName": name, "domainPrefix": name.partition(".")[0]}


def _reject_disabled(module: str) -> None:
    """Reject requests to a disabled endpoint; within the snapshot of a deployment, its settings are those deployed."""

    async def handle(original: Original, api_id: str, *arguments: object, **named: object) -> Response:
        api: dict[str, Any] = internal(module, _STORES[module]).get(api_id) or {}
        if api.get("disableExecuteApiEndpoint") and _requested.get() is None:
            return _DISABLED[module]
        return await original(api_id, *arguments, **named)

    patch(module, "_handle_execute_in_scope", handle)
