"""CORS of HTTP APIs.

AWS ("Configure CORS for HTTP APIs in API Gateway"): with a CORS configuration, API Gateway answers preflights, which
have the headers Origin and Access-Control-Request-Method, and ignores the CORS headers of integrations. A preflight
from another origin gets no CORS headers. Any other OPTIONS request needs a route. MiniStack answers every OPTIONS
request, those from other origins with 403, and keeps the headers of integrations.
"""

from __future__ import annotations

from typing import Any

from local.emulator.http_data_plane import current_http_request
from local.emulator.ministack_internals import HTTP, Original, Response, internal, patch

_PREFIX = "access-control-"


def apply() -> None:
    """Answer only preflights, and remove the CORS headers of integrations."""
    patch(HTTP, "_cors_preflight_response", _preflight)
    patch(HTTP, "_invoke_lambda_proxy", _invoke)


def _preflight(original: Original, configuration: dict[str, Any], origin: str) -> Response:
    request = current_http_request()
    requested = request.headers.get("access-control-request-method") if request else None
    if not (configuration and origin and requested):
        return internal(HTTP, "_http_api_not_found")()
    status, headers, body = original(configuration, origin)
    return (204, {}, b"") if status == 403 else (status, headers, body)  # noqa: PLR2004


async def _invoke(original: Original, *arguments: object, **named: object) -> Response:
    status, headers, body = await original(*arguments, **named)
    request = current_http_request()
    api: dict[str, Any] = (internal(HTTP, "_apis").get(request.api_id) if request else None) or {}
    if api.get("corsConfiguration"):
        headers = {name: value for name, value in headers.items() if not name.lower().startswith(_PREFIX)}
    return status, headers, body
