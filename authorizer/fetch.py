"""One GET of a JSON document with one deadline for all of it: looking up, connecting, reading, however slowly it comes.

`ssl` is imported by the first fetch that needs it; a process that is given its keys does not.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, cast

from authorizer import response
from authorizer.response import ResponseMalformed
from authorizer.settings import SECURE_URL

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_BYTES = 262_144
"""Bytes of a document; a set of a hundred keys with certificates has fewer."""


MAX_PORT = 65_535

_HEADER = "Accept: application/json\r\nAccept-Encoding: identity\r\nConnection: close\r\nUser-Agent: gatehouse"


class FetchFailed(Exception):
    """The document could not be had in time, whole and as it should be. Says nothing of its content."""


class Target(NamedTuple):
    """Where a URL points."""

    secure: bool
    host: str
    port: int
    path: str


def get(url: str, timeout: float) -> bytes:
    """The body of the document at the URL, within `timeout` seconds in all.

    Redirects are not followed and proxies not asked. Raises FetchFailed for everything that goes wrong.
    """
    deadline = time.monotonic() + timeout
    try:
        return _get(target(url), deadline)
    except ResponseMalformed as error:
        raise FetchFailed(f"{error} at {url}") from None
    except (OSError, ValueError) as error:
        raise FetchFailed(f"{type(error).__name__} at {url}") from None


def target(url: str) -> Target:
    """The parts of a URL. Raises FetchFailed where it is neither https nor http to a loopback address."""
    parts = SECURE_URL.fullmatch(url)
    if parts is None:
        raise FetchFailed(f"{url} is neither https nor http to a loopback address")
    secure_host, local_host, port, path = parts.group("secure", "local", "port", "path")
    secure = secure_host is not None
    number = int(port) if port else 443 if secure else 80
    if number > MAX_PORT:
        raise FetchFailed(f"{url} has no such port")
    return Target(secure, (secure_host or local_host).strip("[]"), number, path or "/")


def _get(place: Target, deadline: float) -> bytes:
    with _connect(place, deadline) as connection:
        connection.settimeout(_left(deadline))
        connection.sendall(_request(place).encode("ascii"))
        return _document(io.BufferedReader(_TimedReader(connection, deadline)))


def _request(place: Target) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    port = "" if place.port == (443 if place.secure else 80) else f":{place.port}"
    return f"GET {place.path} HTTP/1.1\r\nHost: {host}{port}\r\n{_HEADER}\r\n\r\n"


def _document(stream: io.BufferedReader) -> bytes:
    head = response.read_head(stream)
    if head.status != 200:  # noqa: PLR2004 -- redirects and errors alike
        raise FetchFailed(f"status {head.status}")
    if head.fields.get("content-encoding", "identity") != "identity":
        raise FetchFailed("the content is encoded")
    body = response.read_body(stream, head, MAX_BYTES)
    if len(body) > MAX_BYTES:
        raise FetchFailed(f"more than {MAX_BYTES} bytes")
    return body


def _connect(place: Target, deadline: float) -> socket.socket:
    error: OSError | None = None
    for family, kind, protocol, _, address in _addresses(place, deadline):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left(deadline))
            connection.connect(address)
            return _secured(connection, place.host) if place.secure else connection
        except OSError as failure:
            connection.close()
            error = failure
    raise error or FetchFailed("no address")


def _addresses(place: Target, deadline: float) -> list[tuple[int, int, int, str, tuple[str | int, ...]]]:
    """The host's addresses. The resolver knows no timeout, so it runs in a thread that is not waited for any longer."""
    found: list[list[tuple[int, int, int, str, tuple[str | int, ...]]]] = []

    def look_up() -> None:
        try:
            found.append(
                cast(
                    "list[tuple[int, int, int, str, tuple[str | int, ...]]]",
                    socket.getaddrinfo(place.host.encode(), place.port, type=socket.SOCK_STREAM),
                )
            )
        except OSError:
            found.append([])

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(_left(deadline))
    return found[0] if found else []


def _secured(connection: socket.socket, host: str) -> socket.socket:
    import ssl  # noqa: PLC0415

    return ssl.create_default_context().wrap_socket(connection, server_hostname=host.encode())


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _TimedReader(io.RawIOBase):
    """What a socket receives; every wait for it has only the time that is left for all of them."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)
