"""Gateway errors for failed functions, which reveal no details.

AWS ("Handle Lambda errors in API Gateway", "Output format of a Lambda function for proxy integration"):

- an error, a crash or a timeout of the function, or a malformed response: 502 "Internal server error", rendered by
  the gateway response DEFAULT_5XX
- no response within the integration's timeout: 504 INTEGRATION_TIMEOUT; the function continues to run
- a throttled function: 500, rendered by the gateway response INTEGRATION_FAILURE

MiniStack returns the exception's message, accepts any output as a 200, and waits without limit.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from local.emulator.data_plane import current_request, gateway_error
from local.emulator.ministack_internals import REST, GatewayError, Original, Response, json_object, patch

_FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
_DEFAULT_TIMEOUT_MILLISECONDS = 29_000
_SERVER_ERROR = "InternalServerErrorException"
_BAD_GATEWAY = 502
_INTERNAL_ERROR = 500
_WITHOUT_STAGE: Response = (
    _INTERNAL_ERROR,
    {"Content-Type": "application/json"},
    b'{"message": "Internal server error"}',
)

logger = logging.getLogger("gatehouse.proxy_responses")


class _Failed(Exception):
    def __init__(self, error: GatewayError, status: int) -> None:
        super().__init__(error.response_type)
        self.error = error
        self.status = status


def apply() -> None:
    """Validate the functions' responses, enforce the timeout, and replace all other errors."""
    patch(REST, "_lambda_proxy_response", _validate)
    patch(REST, "_invoke_lambda_proxy_v1", _invoke)
    patch(REST, "_execute_in_scope", _execute)
    patch(REST, "_gateway_response_for_type", _with_status)


def _validate(_original: Original, result: dict[str, Any]) -> tuple[dict[str, Any], None]:
    if result.get("throttle"):
        raise _Failed(gateway_error("INTEGRATION_FAILURE", error_type=_SERVER_ERROR), _INTERNAL_ERROR)
    output = json_object(result.get("body"))
    if result.get("error") or output is None or not _is_proxy_response(output):
        raise _Failed(gateway_error("DEFAULT_5XX"), _BAD_GATEWAY)
    return {**output, "statusCode": int(output.get("statusCode", 200)), "body": output.get("body") or ""}, None


def _is_proxy_response(output: dict[str, Any]) -> bool:
    headers, multiple = json_object(output.get("headers") or {}), json_object(output.get("multiValueHeaders") or {})
    return (
        output.keys() <= _FIELDS
        and is_status(output.get("statusCode", 200))
        and headers is not None
        and all(isinstance(value, str | bool) for value in headers.values())
        and multiple is not None
        and all(isinstance(values, list) for values in multiple.values())
        and isinstance(output.get("body"), str | None)
        and isinstance(output.get("isBase64Encoded", False), bool)
    )


def is_status(value: object) -> bool:
    """Return whether a function's status code is acceptable: a number, or its text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    text = str(value)
    return text.isascii() and text.isdecimal() and 200 <= int(text) <= 599  # noqa: PLR2004 - HTTP's final statuses


async def _invoke(
    original: Original, integration: dict[str, Any], *arguments: object, **named: object
) -> Response | GatewayError:
    running: asyncio.Task[Response | GatewayError] = asyncio.ensure_future(original(integration, *arguments, **named))
    milliseconds = int(integration.get("timeoutInMillis") or _DEFAULT_TIMEOUT_MILLISECONDS)
    done, _ = await asyncio.wait({running}, timeout=milliseconds / 1000)
    if not done:
        running.add_done_callback(retrieve_exception)
        return gateway_error("INTEGRATION_TIMEOUT", "Endpoint request timed out", _SERVER_ERROR)
    return running.result()


def retrieve_exception(ended: asyncio.Future[Any]) -> None:
    """Retrieve the exception; otherwise asyncio logs that it was never retrieved."""
    ended.exception()


async def _execute(original: Original, record: dict[str, Any], *arguments: object) -> Response | GatewayError:
    try:
        return await original(record, *arguments)
    except _Failed as failure:
        if request := current_request():
            request.status = failure.status
        return failure.error
    except Exception:
        logger.exception("unhandled exception in the emulated gateway")
        return gateway_error("DEFAULT_5XX") if record["stage"] else _WITHOUT_STAGE


def _with_status(original: Original, customised: dict[str, Any], response_type: str) -> dict[str, Any]:
    response: dict[str, Any] = original(customised, response_type)
    request = current_request()
    if request is None or request.status is None:
        return response
    is_customised = response.get("statusCode") and not response.get("defaultResponse")
    return response if is_customised else {**response, "statusCode": str(request.status)}
