"""A key server on loopback that simulates the failures of real ones."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from authorizer.http.fetch import Session

TIMEOUT = 10
"""Seconds after which a silent connection is closed, so that no test waits forever."""

Behaviour = Callable[[socket.socket, threading.Event], None]


class KeyServer:
    """Handles every connection with its behaviour, and counts the `connections`."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.connections = 0
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/keys"

    def stop(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(TIMEOUT)
        with connection, suppress(OSError):
            self.behaviour(connection, self._over)


def fetch_document(url: str, timeout: float) -> bytes:
    """Fetch the document at a URL."""
    with Session() as session:
        return session.get(url, timeout)


@contextmanager
def key_server(behaviour: Behaviour) -> Iterator[KeyServer]:
    server = KeyServer(behaviour)
    try:
        yield server
    finally:
        server.stop()


def responds_with(body: bytes, status: str = "200 OK", *headers: str, delay: float = 0) -> Behaviour:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65_536)
        over.wait(delay)
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return behave


def sends_slowly(raw: bytes, pause: float = 0.02) -> Behaviour:
    """Send one byte at a time, each well within the timeout of a single read."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65_536)
        for byte in raw:
            if over.wait(pause):
                return
            connection.sendall(bytes([byte]))

    return behave


def stays_silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait(5)


def closes(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65_536)


def sends(raw: bytes) -> Behaviour:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(raw)

    return behave


def sends_endlessly(connection: socket.socket, over: threading.Event) -> None:
    """Send a body that never ends."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    deadline = time.monotonic() + 5
    while not over.is_set() and time.monotonic() < deadline:
        connection.sendall(b" " * 65_536)
