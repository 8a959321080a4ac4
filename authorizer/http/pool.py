"""Persistent connections to one endpoint."""

import time
from contextlib import suppress

from authorizer.clock import SYSTEM, Clock, Moment
from authorizer.http.connection import Connection, Endpoint
from authorizer.http.response import Head, ResponseMalformed

MAX_IDLE = 30
"""Seconds after which an idle connection is not reused, because the server may have dropped it without notice."""


class Pool:
    """Exchanges requests and responses with one endpoint. Thread-safe. Deadlines are values of `time.monotonic`."""

    def __init__(self, endpoint: Endpoint, clock: Clock = SYSTEM) -> None:
        self.endpoint = endpoint
        self._clock = clock
        self._idle: list[tuple[Connection, Moment]] = []

    def connect(self, deadline: float) -> None:
        """Open a connection before the first exchange. Raises OSError."""
        self._release(Connection(self.endpoint, deadline))

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop()[0].close()

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
        self._idle.append((connection, self._clock.now()))

    def _acquire(self) -> Connection | None:
        """Return an idle connection that was used recently; close the others."""
        while self._idle:
            try:
                connection, released = self._idle.pop()
            except IndexError:  # another thread took the connection
                return None
            if self._clock.age(released) < MAX_IDLE and connection.is_idle:
                return connection
            connection.close()
        return None
