"""GET requests for JSON documents, each within one timeout for name resolution, connecting and reading."""

import time
from typing import Self

from authorizer.http.connection import Endpoint, parse_endpoint
from authorizer.http.pool import Pool

MAX_BYTES = 262_144
"""Bytes of a document; a set of a hundred keys with certificates is smaller."""

_HEADER = "Accept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: gatehouse"


class FetchFailed(Exception):
    """A document could not be fetched in time or is invalid. The message contains no part of the document."""


class Session:
    """Fetches documents one after the other; those of the same host share a connection. Not thread-safe."""

    def __init__(self) -> None:
        self._pools: dict[Endpoint, Pool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools.values():
            pool.close()

    def get(self, url: str, timeout: float, *, last: bool = False) -> bytes:
        """Fetch the document at the URL within `timeout` seconds. The `last` request asks to close the connection.

        This saves 40 ms with a server that sends head and body separately: Nagle's algorithm would delay the body until
        the head is acknowledged. Redirects are not followed and proxies are not used. Raises FetchFailed.
        """
        deadline = time.monotonic() + timeout
        try:
            return self._get(parse_endpoint(url), deadline, last=last)
        except OSError as error:
            # OpenSSL's explanation, for the operator: "certificate has expired".
            reason = getattr(error, "verify_message", "")
            raise FetchFailed(f"{type(error).__name__} {reason}".rstrip() + f" at {url}") from None
        except ValueError as error:  # or ResponseMalformed
            raise FetchFailed(f"{error} at {url}") from None

    def _get(self, endpoint: Endpoint, deadline: float, *, last: bool) -> bytes:
        header = f"{_HEADER}\r\nConnection: close" if last else _HEADER
        request = f"GET {endpoint.path} HTTP/1.1\r\nHost: {endpoint.authority}\r\n{header}\r\n\r\n"
        host = endpoint._replace(path="/")
        pool = self._pools.setdefault(host, Pool(host))
        head, body = pool.exchange(request.encode("ascii"), deadline, MAX_BYTES)
        if head.status != 200:  # noqa: PLR2004 -- redirects are errors too
            raise FetchFailed(f"status {head.status}")
        if head.fields.get("content-encoding", "identity") != "identity":
            raise FetchFailed("the content is encoded")
        return body
