"""One GET of a JSON document with one deadline for all of it: looking up, connecting, reading, however slowly it comes.

`http.client` and `ssl` are imported by the first fetch that needs them; a process that is given its keys needs neither.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, cast

from authorizer.settings import SECURE_URL

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from _typeshed import WriteableBuffer

MAX_BYTES = 262_144
"""Bytes of a document; a set of a hundred keys with certificates has fewer."""


_HEADERS = {"Accept": "application/json", "Connection": "close", "User-Agent": "gatehouse"}


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
    except FetchFailed:
        raise
    except (OSError, ValueError) as error:
        raise FetchFailed(f"{type(error).__name__} at {url}") from None
    except Exception as error:
        from http.client import HTTPException  # noqa: PLC0415

        if isinstance(error, HTTPException):
            raise FetchFailed(f"{type(error).__name__} at {url}") from None
        raise


def target(url: str) -> Target:
    """The parts of a URL. Raises FetchFailed where it is neither https nor http to a loopback address."""
    from urllib.parse import urlsplit  # noqa: PLC0415

    if not SECURE_URL.fullmatch(url):
        raise FetchFailed(f"{url} is neither https nor http to a loopback address")
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, parts.hostname or "", parts.port or (443 if secure else 80), path)


def _get(place: Target, deadline: float) -> bytes:
    from http.client import HTTPConnection  # noqa: PLC0415

    connection = HTTPConnection(place.host, place.port)
    connection.default_port = 443 if place.secure else 80
    with _connect(place, deadline) as opened:
        connection.sock = cast("socket.socket", _Timed(opened, deadline))
        connection.request("GET", place.path, headers=_HEADERS)
        return _body(connection.getresponse())


def _body(response: HTTPResponse) -> bytes:
    if response.status != 200:  # noqa: PLR2004 -- redirects and errors alike
        raise FetchFailed(f"status {response.status}")
    encoding = response.getheader("Content-Encoding", "identity")
    if encoding != "identity":
        raise FetchFailed("the content is encoded")
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise FetchFailed(f"more than {MAX_BYTES} bytes")
    if response.length:
        raise FetchFailed("the document ends early")
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
                    socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM),
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

    return ssl.create_default_context().wrap_socket(connection, server_hostname=host)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Timed:
    """A socket as `http.client` uses it, whose every operation has only the time that is left for all of them."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(_left(self._deadline))
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._connection, self._deadline))

    def close(self) -> None:
        """Nothing: `http.client` closes as soon as it knows that the server will, before the body is read."""


class _TimedReader(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)
