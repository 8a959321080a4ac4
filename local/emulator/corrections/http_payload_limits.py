"""Size limits of requests to HTTP APIs.

AWS ("Quotas for configuring and running an HTTP API"): a request may have 10 MB for API Gateway and 6 MB for Lambda; a
larger one gets 413. MiniStack has no limits.
"""

from __future__ import annotations

from local.emulator.corrections.payload_limits import FUNCTION_BYTES, GATEWAY_BYTES
from local.emulator.http_data_plane import JSON, current_http_request
from local.emulator.ministack_internals import HTTP, Original, Response, patch

_TOO_LARGE: Response = (413, JSON, b'{"message":"Request Entity Too Large"}')


def apply() -> None:
    """Check the sizes of requests."""
    patch(HTTP, "_handle_execute_in_scope", _handle)
    patch(HTTP, "_invoke_lambda_proxy", _invoke)


async def _handle(original: Original, *arguments: object) -> Response:
    request = current_http_request()
    return _TOO_LARGE if request and len(request.body) > GATEWAY_BYTES else await original(*arguments)


async def _invoke(original: Original, *arguments: object, **named: object) -> Response:
    request = current_http_request()
    return _TOO_LARGE if request and len(request.body) > FUNCTION_BYTES else await original(*arguments, **named)
