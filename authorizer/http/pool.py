"""Connections to one endpoint that are kept for the next exchange."""

import time
from contextlib import suppress

import msgspec

from authorizer.clock import SYSTEM, Clock
from authorizer.http.connection import Connection, Endpoint
from authorizer.http.response import Head, ResponseMalformed

IDLE = 30
"""Seconds after which a kept connection is not used again: a peer that dropped it may swallow a request silently."""


class _Kept(msgspec.Struct, frozen=True):
    connection: Connection
    wall: float
    monotonic: float


class Pool:
    """Exchanges requests and responses with one endpoint. Safe under threads. Deadlines are of `time.monotonic`."""

    def __init__(self, endpoint: Endpoint, clock: Clock = SYSTEM) -> None:
        self.endpoint = endpoint
        self._clock = clock
        self._kept: list[_Kept] = []

    def connect(self, deadline: float) -> None:
        """Open a connection ahead of the first exchange. Raises OSError."""
        self._keep(Connection(self.endpoint, deadline))

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._kept:
            self._kept.pop().connection.close()

    def exchange(self, request: bytes, deadline: float, limit: int) -> tuple[Head, bytes]:
        """The response to a request that may be sent twice, its body of at most `limit` bytes.

        A kept connection gets half of the time, because the peer may have dropped it; a new one gets the rest. Raises
        OSError, of which TimeoutError is one, or ResponseMalformed.
        """
        kept = self._take()
        if kept is not None:
            half = time.monotonic() + max(0.0, deadline - time.monotonic()) / 2
            with suppress(OSError, ResponseMalformed):
                return self._exchange(kept, request, half, limit)
        return self._exchange(Connection(self.endpoint, deadline), request, deadline, limit)

    def _exchange(self, connection: Connection, request: bytes, deadline: float, limit: int) -> tuple[Head, bytes]:
        try:
            head = connection.ask(request, deadline)
            body = connection.read(head, limit)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._keep(connection)
        else:
            connection.close()
        if len(body) > limit:
            raise ResponseMalformed(f"more than {limit} bytes")
        return head, body

    def _keep(self, connection: Connection) -> None:
        self._kept.append(_Kept(connection, self._clock.wall(), self._clock.monotonic()))

    def _take(self) -> Connection | None:
        """A recently used connection, by both clocks: the monotonic one may stand still while the process is frozen."""
        while self._kept:
            try:
                kept = self._kept.pop()
            except IndexError:  # another thread took it
                return None
            age = max(self._clock.wall() - kept.wall, self._clock.monotonic() - kept.monotonic)
            if age < IDLE and kept.connection.is_idle:
                return kept.connection
            kept.connection.close()
        return None
