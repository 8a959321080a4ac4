"""Responses of HTTP APIs for failed functions, which reveal no details.

AWS: an error of the function or a malformed response is a 500 "Internal Server Error"; no response within the
integration's timeout, or a throttled function, a 503 "Service Unavailable". AWS documents only the former; the latter
has been observed. An output without a status code is the body of a 200 ("Create AWS Lambda proxy integrations for HTTP
APIs"). MiniStack returns the exception's message, accepts malformed responses, and waits without limit.
"""

from __future__ import annotations

import asyncio
from typing import Any

from local.emulator.corrections.proxy_responses import is_status, retrieve_exception
from local.emulator.http_data_plane import INTEGRATION, HttpRequest, Invoke, error_message, patch_invocations
from local.emulator.ministack_internals import HTTP, Result, internal, json_object

_DEFAULT_TIMEOUT_MILLISECONDS = 30_000


def apply() -> None:
    """Validate the functions' responses, enforce the timeout, and replace errors."""
    patch_invocations(INTEGRATION, _invoke)


async def _invoke(invoke: Invoke, request: HttpRequest, event: dict[str, Any]) -> Result:
    running = asyncio.ensure_future(invoke(event))
    done, _ = await asyncio.wait({running}, timeout=_timeout_milliseconds(request) / 1000)
    if not done:
        running.add_done_callback(retrieve_exception)
        request.integration_error = "Endpoint request timed out"
        return _answer(503, "Service Unavailable")
    result = running.result() or {}
    if result.get("throttle"):
        request.integration_error = "Rate Exceeded."
        return _answer(503, "Service Unavailable")
    output = json_object(result.get("body"))
    if result.get("error") or (output is not None and "statusCode" in output and not _is_response(output)):
        request.integration_error = error_message(result) or "The response is not valid."
        return _answer(500, "Internal Server Error")
    return result


def _timeout_milliseconds(request: HttpRequest) -> int:
    integrations: dict[str, dict[str, Any]] = internal(HTTP, "_integrations").get(request.api_id) or {}
    integration = integrations.get(request.route.get("target", "").removeprefix("integrations/"), {})
    return int(integration.get("timeoutInMillis") or _DEFAULT_TIMEOUT_MILLISECONDS)


def _is_response(output: dict[str, Any]) -> bool:
    headers = json_object(output.get("headers") or {})
    return (
        is_status(output["statusCode"])
        and headers is not None
        and all(isinstance(value, str | bool | int | float) for value in headers.values())
        and isinstance(output.get("body"), str | None)
        and isinstance(output.get("cookies") or [], list)
        and isinstance(output.get("isBase64Encoded", False), bool)
    )


def _answer(status: int, message: str) -> dict[str, Any]:
    body = f'{{"message":"{message}"}}'
    return {"body": {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": body}}
