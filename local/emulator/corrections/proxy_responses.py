"""A function's failure reaches the client as the gateway's own error, which says nothing of it.

AWS ("Handle Lambda errors in API Gateway", "Output format of a Lambda function for proxy integration"): an error, a
crash, a timeout of the function, or an answer that is not a proxy response is 502 "Internal server error" through the
DEFAULT_5XX gateway response; no answer within the integration's timeout is 504 INTEGRATION_TIMEOUT, and the function
runs on; a throttled function is 500, which the INTEGRATION_FAILURE gateway response changes. MiniStack answers what
the exception said, takes anything for a 200, and waits as long as the function runs.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from local.emulator.ministack_internals import REST, Answer, GatewayError, Original, around, mapping
from local.emulator.serving import gateway_error, served

_FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
_DEFAULT_TIMEOUT_MILLISECONDS = 29_000
_SERVER_ERROR = "InternalServerErrorException"
_BAD_GATEWAY = 502
_INTERNAL_ERROR = 500
_WITHOUT_STAGE: Answer = (
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
    """Judge what functions return, limit how long they take, and let nothing else out."""
    around(REST, "_lambda_proxy_response", _shape)
    around(REST, "_invoke_lambda_proxy_v1", _invoke)
    around(REST, "_execute_in_scope", _execute)
    around(REST, "_gateway_response_for_type", _with_status)


def _shape(_original: Original, result: dict[str, Any]) -> tuple[dict[str, Any], None]:
    if result.get("throttle"):
        raise _Failed(gateway_error("INTEGRATION_FAILURE", error_type=_SERVER_ERROR), _INTERNAL_ERROR)
    answer = mapping(result.get("body"))
    if result.get("error") or answer is None or not _is_proxy_response(answer):
        raise _Failed(gateway_error("DEFAULT_5XX"), _BAD_GATEWAY)
    return {**answer, "statusCode": int(answer.get("statusCode", 200)), "body": answer.get("body") or ""}, None


def _is_proxy_response(answer: dict[str, Any]) -> bool:
    headers, many = mapping(answer.get("headers") or {}), mapping(answer.get("multiValueHeaders") or {})
    return (
        answer.keys() <= _FIELDS
        and _is_status(answer.get("statusCode", 200))
        and headers is not None
        and all(isinstance(value, str | bool) for value in headers.values())
        and many is not None
        and all(isinstance(values, list) for values in many.values())
        and isinstance(answer.get("body"), str | None)
        and isinstance(answer.get("isBase64Encoded", False), bool)
    )


def _is_status(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    text = str(value)
    return text.isascii() and text.isdecimal() and 200 <= int(text) <= 599  # noqa: PLR2004 - HTTP's final statuses


async def _invoke(
    original: Original, integration: dict[str, Any], *arguments: object, **named: object
) -> Answer | GatewayError:
    running: asyncio.Task[Answer | GatewayError] = asyncio.ensure_future(original(integration, *arguments, **named))
    milliseconds = int(integration.get("timeoutInMillis") or _DEFAULT_TIMEOUT_MILLISECONDS)
    done, _ = await asyncio.wait({running}, timeout=milliseconds / 1000)
    if not done:
        running.add_done_callback(_disregard)
        return gateway_error("INTEGRATION_TIMEOUT", "Endpoint request timed out", _SERVER_ERROR)
    return running.result()


def _disregard(ended: asyncio.Task[Answer | GatewayError]) -> None:
    """Look at how it ended, or asyncio complains of an exception that nobody saw."""
    ended.exception()


async def _execute(original: Original, record: dict[str, Any], *arguments: object) -> Answer | GatewayError:
    try:
        return await original(record, *arguments)
    except _Failed as failure:
        if request := served():
            request.status = failure.status
        return failure.error
    except Exception:
        logger.exception("the gateway itself failed")
        return gateway_error("DEFAULT_5XX") if record["stage"] else _WITHOUT_STAGE


def _with_status(original: Original, customised: dict[str, Any], response_type: str) -> dict[str, Any]:
    response: dict[str, Any] = original(customised, response_type)
    request = served()
    if request is None or request.status is None:
        return response
    is_stated = response.get("statusCode") and not response.get("defaultResponse")
    return response if is_stated else {**response, "statusCode": str(request.status)}
