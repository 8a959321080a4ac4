"""A function gets the request as the client sent it.

AWS: header names keep the case in which they were sent; of a repeated header or parameter `headers` and
`queryStringParameters` hold the last value and the `multiValue` maps all; some headers are not passed on ("Amazon API
Gateway important notes"); `requestContext.requestId` is the id that the client gets in `x-amzn-RequestId`, and
`sourceIp` is the address that the connection came from. MiniStack writes header names in lower case, so a function that
looks only there works here and not in AWS; joins repeated headers; makes up a request id per function call; and
believes `X-Forwarded-For`.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from local.emulator.ministack_internals import APP, RESPONSES, REST, Answer, GatewayError, Original, around, reach
from local.emulator.serving import served

_NOT_PASSED_ON = frozenset(
    {
        "connection",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "upgrade",
        "www-authenticate",
    }
)

RawHeaders = list[tuple[bytes, bytes]]

_sent: ContextVar[RawHeaders] = ContextVar("headers_sent")


def apply() -> None:
    """Remember each request's headers as they came and put them into the event."""
    reach("hypercorn.config", "Config").h11_pass_raw_headers = True
    app = reach(APP)
    app.app = _remembering(app.app)
    around(REST, "_build_lambda_event_v1", _build)
    around(REST, "_invoke_lambda_proxy_v1", _invoke)


def _remembering(app: Original) -> Original:
    async def remember(scope: dict[str, Any], receive: object, send: object) -> None:
        headers: RawHeaders = scope.get("headers", [])
        _sent.set(headers)
        await app({**scope, "headers": [(name.lower(), value) for name, value in headers]}, receive, send)

    return remember


def _build(original: Original, *arguments: object, **named: object) -> dict[str, Any]:
    event: dict[str, Any] = original(*arguments, **named)
    many = _many_headers(_sent.get([]))
    event["multiValueHeaders"] = many or None
    event["headers"] = {name: values[-1] for name, values in many.items()} or None
    if parameters := event["multiValueQueryStringParameters"]:
        event["queryStringParameters"] = {name: values[-1] for name, values in parameters.items()}
    context = event["requestContext"]
    context["identity"]["sourceIp"] = reach(RESPONSES, "get_request_client_ip")()
    if request := served():
        context["requestId"] = context["extendedRequestId"] = request.request_id
    return event


def _many_headers(headers: RawHeaders) -> dict[str, list[str]]:
    many: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1")
        if name.lower() not in _NOT_PASSED_ON:
            many.setdefault(spelling.setdefault(name.lower(), name), []).append(raw_value.decode("latin-1"))
    return many


async def _invoke(original: Original, *arguments: object, **named: object) -> Answer | GatewayError:
    answer: Answer | GatewayError = await original(*arguments, **named)
    request = served()
    if not isinstance(answer, tuple) or request is None:
        return answer
    status, headers, body = answer
    return status, {**headers, "x-amzn-requestid": request.request_id}, body
