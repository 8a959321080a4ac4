"""One GET of a JSON document with one deadline for all of it: looking up, connecting, reading."""

import time

from authorizer.connection import Connection, Target, target
from authorizer.response import ResponseMalformed

MAX_BYTES = 262_144
"""Bytes of a document; a set of a hundred keys with certificates has fewer."""

_HEADER = "Accept: application/json\r\nAccept-Encoding: identity\r\nConnection: close\r\nUser-Agent: gatehouse"


class FetchFailed(Exception):
    """The document could not be had in time, whole and as it should be. Says nothing of its content."""


def get(url: str, timeout: float) -> bytes:
    """The body of the document at the URL, within `timeout` seconds in all.

    Redirects are not followed and proxies not asked. Raises FetchFailed for everything that goes wrong.
    """
    deadline = time.monotonic() + timeout
    try:
        place = target(url)
    except ValueError as error:
        raise FetchFailed(str(error)) from None
    try:
        return _get(place, deadline)
    except ResponseMalformed as error:
        raise FetchFailed(f"{error} at {url}") from None
    except (OSError, ValueError) as error:
        raise FetchFailed(f"{type(error).__name__} at {url}") from None


def _get(place: Target, deadline: float) -> bytes:
    request = f"GET {place.path} HTTP/1.1\r\nHost: {place.authority}\r\n{_HEADER}\r\n\r\n"
    with Connection(place, deadline) as connection:
        head = connection.ask(request.encode("ascii"), deadline)
        if head.status != 200:  # noqa: PLR2004 -- redirects and errors alike
            raise FetchFailed(f"status {head.status}")
        if head.fields.get("content-encoding", "identity") != "identity":
            raise FetchFailed("the content is encoded")
        body = connection.read(head, MAX_BYTES)
    if len(body) > MAX_BYTES:
        raise FetchFailed(f"more than {MAX_BYTES} bytes")
    return body
