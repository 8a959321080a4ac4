"""Some headers of a function's response are renamed or dropped.

AWS ("Amazon API Gateway important notes", REST APIs, the Lambda column): `WWW-Authenticate` and others reach the client
as `x-amzn-Remapped-<name>`, hop-by-hop headers do not reach it. `Content-Length` is not in that table, but AWS is seen
to rename it and to send the true one. MiniStack passes all of them on, so a challenge that a function sends works here
and not in AWS.
"""

from __future__ import annotations

from typing import Any

from local.emulator.ministack_internals import REST, Answer, GatewayError, Original, around

_REMAPPED = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-md5",
        "date",
        "max-forwards",
        "server",
        "user-agent",
        "www-authenticate",
    }
)
_DROPPED = frozenset(
    {
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)


def apply() -> None:
    """Rename and drop."""
    around(REST, "_invoke_lambda_proxy_v1", _invoke)


async def _invoke(original: Original, *arguments: object, **named: object) -> Answer | GatewayError:
    answer: Answer | GatewayError = await original(*arguments, **named)
    if not isinstance(answer, tuple):
        return answer
    status, headers, body = answer
    return status, _remapped(headers), body


def _remapped(headers: dict[str, Any]) -> dict[str, Any]:
    return {
        f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name: value
        for name, value in headers.items()
        if name.lower() not in _DROPPED
    }
