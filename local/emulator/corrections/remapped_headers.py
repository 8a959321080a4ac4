"""Renamed and removed response headers.

AWS ("Amazon API Gateway important notes", REST APIs, the Lambda column): of a function's response, `WWW-Authenticate`
and some other headers are renamed to `x-amzn-Remapped-<name>`, and hop-by-hop headers are removed. `Content-Length` is
not in that table, but AWS has been observed to rename it and to add the correct one. MiniStack returns all headers
unchanged, so a function's challenge would work locally, but not in AWS.
"""

from __future__ import annotations

from typing import Any

from local.emulator.ministack_internals import REST, GatewayError, Original, Response, patch

_REMAPPED = frozenset({
    "authorization", "connection", "content-length", "content-md5", "date", "max-forwards", "server", "user-agent",
    "www-authenticate",
})  # fmt: skip
_REMOVED = frozenset({
    "expect", "host", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "via",
})  # fmt: skip


def apply() -> None:
    """Rename and remove the headers."""
    patch(REST, "_invoke_lambda_proxy_v1", _invoke)


async def _invoke(original: Original, *arguments: object, **named: object) -> Response | GatewayError:
    response: Response | GatewayError = await original(*arguments, **named)
    if not isinstance(response, tuple):
        return response
    status, headers, body = response
    return status, _remapped(headers), body


def _remapped(headers: dict[str, Any]) -> dict[str, Any]:
    return {
        f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name: value
        for name, value in headers.items()
        if name.lower() not in _REMOVED
    }
