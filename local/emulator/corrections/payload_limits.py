"""What is too large is refused.

AWS: API Gateway takes 10 MB and Lambda 6 MB of request ("Request Too Long", 413, which no gateway response changes),
and a function's response above 6 MB is an error of the function. A function's environment variables are 4 KB at most.
MiniStack has no limits.
"""

from __future__ import annotations

import json
from typing import Any

from local.emulator.ministack_internals import (
    FUNCTIONS,
    RESPONSES,
    REST,
    WORKERS,
    Answer,
    GatewayError,
    Original,
    around,
    mapping,
    reach,
)
from local.emulator.serving import served

_GATEWAY_BYTES = 10 * 1024 * 1024
_FUNCTION_BYTES = 6_291_556  # as AWS's own message states it
_ENVIRONMENT_BYTES = 4096
_TOO_LONG: Answer = (413, {"Content-Type": "application/json"}, b'{"message":"Request Too Long"}')


def apply() -> None:
    """Measure requests, responses and environments."""
    around(REST, "_execute_in_scope", _execute)
    around(REST, "_invoke_lambda_proxy_v1", _invoke)
    around(WORKERS, "Worker.invoke", _run)
    around(FUNCTIONS, "_create_function", _configure)
    around(FUNCTIONS, "_update_config", _configure)


async def _execute(original: Original, *arguments: object) -> Answer | GatewayError:
    request = served()
    return _TOO_LONG if request and len(request.body) > _GATEWAY_BYTES else await original(*arguments)


async def _invoke(original: Original, *arguments: object, **named: object) -> Answer | GatewayError:
    request = served()
    is_too_long = request and len(request.body) > _FUNCTION_BYTES
    return _TOO_LONG if is_too_long else await original(*arguments, **named)


def _run(original: Original, *arguments: object, **named: object) -> dict[str, Any]:
    response: dict[str, Any] = original(*arguments, **named)
    if response.get("status") != "ok" or len(json.dumps(response.get("result"))) <= _FUNCTION_BYTES:
        return response
    error = f"Response payload size exceeded maximum allowed payload size ({_FUNCTION_BYTES} bytes)."
    return {**response, "status": "error", "error": error, "result": None}


def _configure(original: Original, *arguments: Any) -> Answer:
    variables: object = (mapping(arguments[-1].get("Environment")) or {}).get("Variables", {})
    size = len(json.dumps(variables, separators=(",", ":")))
    if size <= _ENVIRONMENT_BYTES:
        return original(*arguments)
    message = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        f"exceeded the 4KB limit. The measured size is {size}"
    )
    return reach(RESPONSES, "error_response_json")("InvalidParameterValueException", message, 400)
