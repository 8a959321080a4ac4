"""Persistent connections to one endpoint."""

import time
from contextlib import suppress

import msgspec

from authorizer.clock import SYSTEM, Clock
from authorizer.http.connection import Connection, Endpoint
from authorizer.http.response import Head, ResponseMalformed

MAX_IDLE = 30
"""Seconds after which an idle connection is not reused, because the server may have dropped it without notice."""


class _IdleConnection(msgspec.Struct, frozen=True):
    connection: Connection
    wall: float
    monotonic: float


class Pool:
    """Exchanges requests and responses with one endpoint. Thread-safe. Deadlines are values of `time.monotonic`."""

    def __init__(self, endpoint: Endpoint, clock: Clock = SYSTEM) -> None:
        self.endpoint = endpoint
        self._clock = clock
        self._idle: list[_IdleConnection] = []

    def connect(self, deadline: float) -> None:
        """Open a connection before the first exchange. Raises OSError."""
        self._release(Connection(self.endpoint, deadline))

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().connection.close()

    def exchange(self, request: bytes, deadline: float, limit: int) -> tuple[Head, bytes]:
        """Return the response to an idempotent request, which may be sent twice, with a body of at most `limit` bytes.

        An idle connection gets half of the time, because the server may have dropped it; a new one gets the rest.
        Raises OSError (TimeoutError if the deadline passes) or ResponseMalformed.
        """
        idle = self._acquire()
        if idle is not None:
            half = time.monotonic() + max(0.0, deadline - time.monotonic()) / 2
            with suppress(OSError, ResponseMalformed):
                return self._exchange(idle, request, half, limit)
        return self._exchange(Connection(self.endpoint, deadline), request, deadline, limit)

    def _exchange(self, connection: Connection, request: bytes, deadline: float, limit: int) -> tuple[Head, bytes]:
        try:
            head = connection.send(request, deadline)
            body = connection.read(head, limit)
        except BaseException:
            connection.close()
            raise
        if connection.is_reusable:
            self._release(connection)
        else:
            connection.close()
        if len(body) > limit:
            raise ResponseMalformed(f"more than {limit} bytes")
        return head, body

    def _release(self, connection: Connection) -> None:
        self._idle.append(_IdleConnection(connection, self._clock.wall(), self._clock.monotonic()))

    def _acquire(self) -> Connection | None:
        """Return a recently used connection. The monotonic clock may have stood still while the process was frozen."""
        while self._idle:
            try:
                idle = self._idle.pop()
            except IndexError:  # another thread took the connection
                return None
            age = max(self._clock.wall() - idle.wall, self._clock.monotonic() - idle.monotonic)
            if age < MAX_IDLE and idle.connection.is_idle:
                return idle.connection
            idle.connection.close()
        return None
