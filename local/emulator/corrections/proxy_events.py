"""Proxy events that contain the request as the client sent it.

AWS: header names keep their case. For a repeated header or parameter, `headers` and `queryStringParameters` contain the
last value, and the `multiValue` maps all values. Some headers are removed ("Amazon API Gateway important notes").
`requestContext.requestId` equals the response's header `x-amzn-RequestId`, and `sourceIp` is the address of the
connection. MiniStack converts header names to lower case (a function that expects lower case works locally, but not in
AWS), joins repeated headers, generates a request id for each invocation, and trusts `X-Forwarded-For`.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from local.emulator.data_plane import current_request
from local.emulator.ministack_internals import APP, RESPONSES, REST, GatewayError, Original, Response, internal, patch

_REMOVED = frozenset({
    "connection", "content-md5", "expect", "max-forwards", "proxy-authenticate", "server", "te", "trailer", "upgrade",
    "www-authenticate",
})  # fmt: skip

RawHeaders = list[tuple[bytes, bytes]]

_raw_headers: ContextVar[RawHeaders] = ContextVar("headers_sent")


def apply() -> None:
    """Keep each request's original headers, and add them to the event."""
    internal("hypercorn.config", "Config").h11_pass_raw_headers = True
    app = internal(APP)
    app.app = _keep_headers(app.app)
    patch(REST, "_build_lambda_event_v1", _build)
    patch(REST, "_invoke_lambda_proxy_v1", _invoke)


def sent_headers() -> dict[str, str]:
    """Return the headers of the current request with their names as the client spelled them."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in _raw_headers.get([])}


def _keep_headers(app: Original) -> Original:
    async def handle(scope: dict[str, Any], receive: object, send: object) -> None:
        headers: RawHeaders = scope.get("headers", [])
        _raw_headers.set(headers)
        await app({**scope, "headers": [(name.lower(), value) for name, value in headers]}, receive, send)

    return handle


def _build(original: Original, *arguments: object, **named: object) -> dict[str, Any]:
    event: dict[str, Any] = original(*arguments, **named)
    many = _many_headers(_raw_headers.get([]))
    event["multiValueHeaders"] = many or None
    event["headers"] = {name: values[-1] for name, values in many.items()} or None
    if parameters := event["multiValueQueryStringParameters"]:
        event["queryStringParameters"] = {name: values[-1] for name, values in parameters.items()}
    context = event["requestContext"]
    context["identity"]["sourceIp"] = internal(RESPONSES, "get_request_client_ip")()
    if request := current_request():
        context["requestId"] = context["extendedRequestId"] = request.request_id
    return event


def _many_headers(headers: RawHeaders) -> dict[str, list[str]]:
    many: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1")
        if name.lower() not in _REMOVED:
            many.setdefault(spelling.setdefault(name.lower(), name), []).append(raw_value.decode("latin-1"))
    return many


async def _invoke(original: Original, *arguments: object, **named: object) -> Response | GatewayError:
    response: Response | GatewayError = await original(*arguments, **named)
    request = current_request()
    if not isinstance(response, tuple) or request is None:
        return response
    status, headers, body = response
    return status, {**headers, "x-amzn-requestid": request.request_id}, body
