"""One HTTP/1.1 connection whose every exchange has one deadline for all of it, however slowly the other side sends."""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress
from select import select
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from authorizer.http import response, tls
from authorizer.settings import SECURE_URL

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_PORT = 65_535

OWN_NETWORKS = (0, 127)
"""First bytes of IPv4 addresses that reach this machine (RFC 1122 §3.2.1.3)."""

IPV4_MAPPED = bytes(10) + b"\xff\xff"
"""What an IPv6 address begins with that stands for an IPv4 address (RFC 4291 §2.5.5.2)."""


class Endpoint(NamedTuple):
    """Where a URL points."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def is_loopback(self) -> bool:
        """Whether the host names this machine, in any spelling: Lambda's own Runtime API answers there."""
        host = self.host.lower()
        return host == "localhost" or host.endswith(".localhost") or _is_own_address(host)

    @property
    def authority(self) -> str:
        """What the Host field says (RFC 9112 §3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse_endpoint(url: str) -> Endpoint:
    """The parts of a URL. Raises ValueError, which does not quote it, for one that must not be used."""
    parts = SECURE_URL.fullmatch(url)
    if parts is None:
        raise ValueError("neither https nor http to a loopback address")
    secure_host, local_host, port, path = parts.groups()
    secure = secure_host is not None
    number = int(port) if port else 443 if secure else 80
    if number > MAX_PORT:
        raise ValueError("no such port")
    return Endpoint(secure, (secure_host or local_host).strip("[]"), number, path or "/")


def _is_own_address(host: str) -> bool:
    """Whether a host is an address of this machine or the unspecified one, which reaches it too."""
    with suppress(OSError):
        return socket.inet_aton(host)[0] in OWN_NETWORKS  # any spelling: 2130706433, 0x7f.1
    with suppress(OSError):
        packed = socket.inet_pton(socket.AF_INET6, host)
        mapped = packed.startswith(IPV4_MAPPED) and packed[len(IPV4_MAPPED)] in OWN_NETWORKS
        return mapped or int.from_bytes(packed) in (0, 1)
    return False


class Connection:
    """A connection to a place, open from the start. Deadlines are moments of the monotonic clock.

    Everything raises OSError, of which TimeoutError is one, or response.ResponseMalformed.
    """

    def __init__(self, place: Endpoint, deadline: float) -> None:
        self.place = place
        self.reusable = False
        self._used = False
        self._socket = _connect(place, deadline)
        self._received = _TimedReader(self._socket, deadline)
        self._stream: io.BufferedReader = io.BufferedReader(self._received)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; nothing more can be asked."""
        self._socket.close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing came that was not asked for: it would be taken for the answer to the next request.

        A connection that was closed by the other side is not quiet either. One that was not used yet is, although the
        other side may have sent what belongs to the handshake.
        """
        if not self._used:
            return True
        self._received.deadline = 0.0
        try:
            return not self._stream.peek(1)
        except TimeoutError:  # nothing is buffered
            return not getattr(self._socket, "pending", int)() and not select([self._socket], [], [], 0)[0]

    def ask(self, request: bytes, deadline: float) -> response.Head:
        """Send a request; the head of its response, all of which has to be there at the deadline."""
        self.reusable = False
        self._used = True
        self._received.deadline = deadline
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(request)
        return response.read_head(self._stream)

    def read(self, head: response.Head, limit: int) -> bytes:
        """The body that follows the head; of one that is longer than the limit, so many bytes and one more."""
        body = response.read_body(self._stream, head, limit)
        self.reusable = head.is_persistent and len(body) <= limit
        return body


def _connect(place: Endpoint, deadline: float) -> socket.socket:
    error: OSError | None = None
    for family, kind, protocol, _, address in _addresses(place, deadline):
        try:
            connection = socket.socket(family, kind, protocol)
        except OSError as failure:  # a host without IPv6 may resolve to an IPv6 address first
            error = failure
            continue
        try:
            connection.settimeout(_left(deadline))
            connection.connect(address)
            if not place.secure:
                return connection
            context = tls.context()
            connection.settimeout(_left(deadline))
            return context.wrap_socket(connection, server_hostname=place.host.encode())
        except OSError as failure:
            connection.close()
            error = failure
    raise error or OSError("no address")


def _addresses(place: Endpoint, deadline: float) -> list[tuple[int, int, int, str, tuple[str | int, ...]]]:
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

    left = _left(deadline)
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(left)
    return found[0] if found else []


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _TimedReader(io.RawIOBase):
    """What a socket receives; every wait for it has only the time that is left for all of them."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.deadline = deadline
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.settimeout(_left(self.deadline))
        return self._connection.recv_into(buffer)
