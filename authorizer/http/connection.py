"""One HTTP/1.1 connection. A deadline limits a whole exchange, however slowly the server sends."""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress
from select import select
from typing import TYPE_CHECKING, NamedTuple, cast

from authorizer.http import response, tls
from authorizer.settings import SECURE_URL

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_PORT = 65_535

LOOPBACK_NETWORKS = (0, 127)
"""First bytes of the IPv4 addresses that reach this host (RFC 1122 §3.2.1.3)."""

IPV4_MAPPED = bytes(10) + b"\xff\xff"
"""The beginning of an IPv6 address that represents an IPv4 address (RFC 4291 §2.5.5.2)."""

_Address = tuple[int, int, int, str, tuple[str | int, ...]]


class Endpoint(NamedTuple):
    """The parts of a URL."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this host, in any notation: Lambda's Runtime API is at a loopback address."""
        host = self.host.lower()
        return host == "localhost" or host.endswith(".localhost") or _is_loopback_address(host)

    @property
    def authority(self) -> str:
        """The value of the Host field (RFC 9112 §3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse_endpoint(url: str) -> Endpoint:
    """Parse a URL. Raises ValueError, whose message does not contain the URL, if it must not be used."""
    parts = SECURE_URL.fullmatch(url)
    if parts is None:
        raise ValueError("the URL must be https, or http to a loopback address")
    secure_host, local_host, port, path = parts.groups()
    secure = secure_host is not None
    number = int(port) if port else 443 if secure else 80
    if number > MAX_PORT:
        raise ValueError(f"the port must be at most {MAX_PORT}")
    return Endpoint(secure, (secure_host or local_host).strip("[]"), number, path or "/")


def _is_loopback_address(host: str) -> bool:
    """Return whether a host is a loopback address or the unspecified one, which reaches this host too."""
    with suppress(OSError):
        return socket.inet_aton(host)[0] in LOOPBACK_NETWORKS  # in any notation: 2130706433, 0x7f.1
    with suppress(OSError):
        packed = socket.inet_pton(socket.AF_INET6, host)
        mapped = packed.startswith(IPV4_MAPPED) and packed[len(IPV4_MAPPED)] in LOOPBACK_NETWORKS
        return mapped or int.from_bytes(packed) in (0, 1)
    return False


class Connection:
    """An open connection to an endpoint. Deadlines are values of `time.monotonic`.

    All methods raise OSError (TimeoutError if the deadline passes) or response.ResponseMalformed.
    """

    def __init__(self, endpoint: Endpoint, deadline: float) -> None:
        self.is_reusable = False
        self._used = False
        self._socket = _connect(endpoint, deadline)
        self._received = _TimedReader(self._socket, deadline)
        self._stream: io.BufferedReader = io.BufferedReader(self._received)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    @property
    def is_idle(self) -> bool:
        """Whether no bytes were received since the last response; they would be read as part of the next one.

        False if the server has closed the connection. A new connection is always idle, because the server may have
        sent data that belongs to the TLS handshake.
        """
        if not self._used:
            return True
        self._received.deadline = 0.0
        try:
            return not self._stream.peek(1)
        except TimeoutError:  # nothing is buffered
            return not getattr(self._socket, "pending", int)() and not select([self._socket], [], [], 0)[0]

    def send(self, request: bytes, deadline: float) -> response.Head:
        """Send a request and return the head of its response."""
        self.is_reusable = False
        self._used = True
        self._received.deadline = deadline
        self._socket.settimeout(_time_left(deadline))
        self._socket.sendall(request)
        return response.read_head(self._stream)

    def read(self, head: response.Head, limit: int) -> bytes:
        """Read the body: at most `limit` bytes, and one more if it is longer."""
        body = response.read_body(self._stream, head, limit)
        self.is_reusable = head.is_persistent and len(body) <= limit
        return body


def _connect(endpoint: Endpoint, deadline: float) -> socket.socket:
    error: OSError | None = None
    for family, kind, protocol, _, address in _resolve(endpoint, deadline):
        try:
            connection = socket.socket(family, kind, protocol)
        except OSError as failure:  # the first address may be IPv6, which this host may not support
            error = failure
            continue
        try:
            connection.settimeout(_time_left(deadline))
            connection.connect(address)
            if not endpoint.secure:
                return connection
            context = tls.context()
            connection.settimeout(_time_left(deadline))
            return context.wrap_socket(connection, server_hostname=endpoint.host.encode())
        except OSError as failure:
            connection.close()
            error = failure
    raise error or OSError("no address")


def _resolve(endpoint: Endpoint, deadline: float) -> list[_Address]:
    """Resolve the host in a thread, because the resolver has no timeout."""
    found: list[list[_Address]] = []

    def resolve() -> None:
        try:
            addresses = socket.getaddrinfo(endpoint.host.encode(), endpoint.port, type=socket.SOCK_STREAM)
            found.append(cast("list[_Address]", addresses))
        except OSError:
            found.append([])

    timeout = _time_left(deadline)
    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(timeout)
    return found[0] if found else []


def _time_left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


class _TimedReader(io.RawIOBase):
    """The bytes received from a socket; all reads share one deadline."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.deadline = deadline
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.settimeout(_time_left(self.deadline))
        return self._connection.recv_into(buffer)
