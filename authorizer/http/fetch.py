"""GET requests for JSON documents, each with one deadline for all of it: looking up, connecting, reading."""

import time
from typing import Self

from authorizer.http.connection import Endpoint, parse_endpoint
from authorizer.http.pool import Pool

MAX_BYTES = 262_144
"""Bytes of a document; a set of a hundred keys with certificates has fewer."""

_HEADER = "Accept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: gatehouse"


class FetchFailed(Exception):
    """A document could not be fetched in time, complete and well-formed. The message quotes none of its content."""


class Session:
    """Fetches documents one after the other; those of the same host share a connection. Not safe under threads."""

    def __init__(self) -> None:
        self._pool: Pool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.close()

    def get(self, url: str, timeout: float, *, last: bool = False) -> bytes:
        """Fetch the document at the URL within `timeout` seconds in all; after the `last` one, the server hangs up.

        A server that sends head and body separately would hold the body back until the head is acknowledged, 40 ms
        later; one that hangs up sends both. Redirects are not followed and proxies not asked. Raises FetchFailed for
        everything that goes wrong.
        """
        deadline = time.monotonic() + timeout
        try:
            return self._get(parse_endpoint(url), deadline, last=last)
        except OSError as error:
            # OpenSSL's own words, for the operator: "certificate has expired".
            reason = getattr(error, "verify_message", "")
            raise FetchFailed(f"{type(error).__name__} {reason}".rstrip() + f" at {url}") from None
        except ValueError as error:  # ResponseMalformed among them
            raise FetchFailed(f"{error} at {url}") from None

    def _get(self, place: Endpoint, deadline: float, *, last: bool) -> bytes:
        header = f"{_HEADER}\r\nConnection: close" if last else _HEADER
        request = f"GET {place.path} HTTP/1.1\r\nHost: {place.authority}\r\n{header}\r\n\r\n"
        head, body = self._pool_of(place).exchange(request.encode("ascii"), deadline, MAX_BYTES)
        if head.status != 200:  # noqa: PLR2004 -- redirects and errors alike
            raise FetchFailed(f"status {head.status}")
        if head.fields.get("content-encoding", "identity") != "identity":
            raise FetchFailed("the content is encoded")
        return body

    def _pool_of(self, place: Endpoint) -> Pool:
        """The pool of the endpoint; a document of another host closes the connections to the last one."""
        endpoint = place._replace(path="/")
        if self._pool is not None and self._pool.endpoint != endpoint:
            self._pool.close()
            self._pool = None
        if self._pool is None:
            self._pool = Pool(endpoint)
        return self._pool
