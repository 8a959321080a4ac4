"""Size limits.

AWS: a request may have 10 MB for API Gateway and 6 MB for Lambda. A larger one is answered with "Request Too Long"
(413), which gateway responses cannot change. A function's response above 6 MB is an error of the function. A function's
environment variables may have 4 KB. MiniStack has no limits.
"""

from __future__ import annotations

import json
from typing import Any

from local.emulator.data_plane import current_request
from local.emulator.ministack_internals import (
    FUNCTIONS,
    RESPONSES,
    REST,
    WORKERS,
    GatewayError,
    Original,
    Response,
    internal,
    json_object,
    patch,
)

GATEWAY_BYTES = 10 * 1024 * 1024
FUNCTION_BYTES = 6_291_556  # the limit in AWS's error message
_ENVIRONMENT_BYTES = 4096
_TOO_LONG: Response = (413, {"Content-Type": "application/json"}, b'{"message":"Request Too Long"}')


def apply() -> None:
    """Check the sizes of requests, responses and environment variables."""
    patch(REST, "_execute_in_scope", _execute)
    patch(REST, "_invoke_lambda_proxy_v1", _invoke)
    patch(WORKERS, "Worker.invoke", _run)
    patch(FUNCTIONS, "_create_function", _configure)
    patch(FUNCTIONS, "_update_config", _configure)


async def _execute(original: Original, *arguments: object) -> Response | GatewayError:
    request = current_request()
    return _TOO_LONG if request and len(request.body) > GATEWAY_BYTES else await original(*arguments)


async def _invoke(original: Original, *arguments: object, **named: object) -> Response | GatewayError:
    request = current_request()
    is_too_long = request and len(request.body) > FUNCTION_BYTES
    return _TOO_LONG if is_too_long else await original(*arguments, **named)


def _run(original: Original, *arguments: object, **named: object) -> dict[str, Any]:
    response: dict[str, Any] = original(*arguments, **named)
    if response.get("status") != "ok" or len(json.dumps(response.get("result"))) <= FUNCTION_BYTES:
        return response
    error = f"Response payload size exceeded maximum allowed payload size ({FUNCTION_BYTES} bytes)."
    return {**response, "status": "error", "error": error, "result": None}


def _configure(original: Original, *arguments: Any) -> Response:
    variables: object = (json_object(arguments[-1].get("Environment")) or {}).get("Variables", {})
    size = len(json.dumps(variables, separators=(",", ":")))
    if size <= _ENVIRONMENT_BYTES:
        return original(*arguments)
    message = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        f"exceeded the 4KB limit. The measured size is {size}"
    )
    return internal(RESPONSES, "error_response_json")("InvalidParameterValueException", message, 400)
