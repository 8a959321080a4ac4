"""Access logs of HTTP APIs: every request adds a line to the stage's access log.

AWS ("Customize HTTP API access logs"): as for REST APIs, with other variables. MiniStack stores the settings and writes
nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from local.emulator.corrections.access_logs import write_line
from local.emulator.http_data_plane import current_http_request
from local.emulator.ministack_internals import HTTP, RESPONSES, Original, Response, internal, patch

if TYPE_CHECKING:
    from local.emulator.http_data_plane import HttpRequest

_ERRORS = {401: "UNAUTHORIZED", 403: "ACCESS_DENIED", 404: "NOT_FOUND", 413: "REQUEST_TOO_LARGE"}


def apply() -> None:
    """Write a line after each response."""
    patch(HTTP, "_handle_execute_in_scope", _handle)


async def _handle(original: Original, *arguments: object) -> Response:
    response: Response = await original(*arguments)
    if request := current_http_request():
        settings: dict[str, str] = request.stage.get("accessLogSettings") or {}
        write_line(settings, _variables(request, response), request.api_id, request.stage_name, request.started)
    return response


def _variables(request: HttpRequest, response: Response) -> dict[str, str]:
    """Return the `$context` variables of a request, by their names without `$context.`."""
    status, _, body = response
    answered_by_function = request.integration_milliseconds is not None
    return {
        "accountId": request.account,
        "apiId": request.api_id,
        "error.responseType": "" if answered_by_function else _ERRORS.get(status, ""),
        "extendedRequestId": request.request_id,
        "httpMethod": request.method,
        "identity.sourceIp": internal(RESPONSES, "get_request_client_ip")(),
        "identity.userAgent": request.headers.get("user-agent", ""),
        "integrationErrorMessage": request.integration_error,
        "integrationLatency": str(request.integration_milliseconds) if answered_by_function else "",
        "path": request.full_path,
        "protocol": "HTTP/1.1",
        "requestId": request.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(request.started)),
        "requestTimeEpoch": str(int(request.started)),
        "responseLatency": str(int((time.time() - request.started) * 1000)),
        "responseLength": str(len(body)),
        "routeKey": request.route.get("routeKey", ""),
        "stage": request.stage_name,
        "status": str(status),
        "authorizer.error": request.authorizer_error,
        **{f"authorizer.{name}": str(value) for name, value in request.authorizer_context.items()},
    }
