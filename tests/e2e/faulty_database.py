"""A proxy for DynamoDB that simulates the faults of networks and of a busy database."""

import http.client
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import urlsplit

from tests.serving import serving

AMZ_JSON = "application/x-amz-json-1.0"
SLOW = 0.7
"""Seconds of delay, longer than the handlers' timeouts in the tests."""


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    body: bytes
    media_type: str = AMZ_JSON


class Exchange(BaseHTTPRequestHandler):
    """A request of a handler, which a fault processes."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        with suppress(ConnectionError):
            self.database.next_fault(self)(self)

    @property
    def database(self) -> "FaultyDatabase":
        return cast("FaultyDatabase", self.server)

    @property
    def operation(self) -> str:
        return str(self.headers["X-Amz-Target"]).rpartition(".")[2]

    def forward(self) -> Reply:
        """Return the response of the database."""
        backend = http.client.HTTPConnection(self.database.backend, timeout=10)
        try:
            backend.request("POST", self.path, self.body, dict(self.headers))
            found = backend.getresponse()
            return Reply(found.status, found.read())
        finally:
            backend.close()

    def answer(self, reply: Reply, *, sent: bytes | None = None, length: int | None = None) -> None:
        """Send a response with DynamoDB's checksum; `sent` and `length` replace the body and its length."""
        sent = reply.body if sent is None else sent
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("X-Amz-Crc32", str(zlib.crc32(reply.body)))
        self.send_header("Content-Length", str(len(sent) if length is None else length))
        self.end_headers()
        self.wfile.write(sent)

    def close(self, *, reset: bool = False) -> None:
        """Close the connection, optionally with a reset."""
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


Fault = Callable[[Exchange], None]


class FaultyDatabase(ThreadingHTTPServer):
    """A server that applies planned faults to its requests, in order; the last one is repeated."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, backend: str) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.backend = urlsplit(backend).netloc
        self.choose: Callable[[Exchange], Fault] = lambda _: passes
        self.operations: list[str] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def plan(self, *faults: Fault) -> None:
        """Plan the faults of the next requests."""
        left = list(faults)
        self.operations = []
        self.choose = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def next_fault(self, exchange: Exchange) -> Fault:
        with self._lock:
            self.operations.append(exchange.operation)
            return self.choose(exchange)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore connections that are closed by the client or by a fault."""


@contextmanager
def faulty_database(backend: str) -> Iterator[FaultyDatabase]:
    with serving(FaultyDatabase(backend)) as server:
        yield server


def passes(exchange: Exchange) -> None:
    exchange.answer(exchange.forward())


def closes(exchange: Exchange) -> None:
    exchange.close()


def resets(exchange: Exchange) -> None:
    exchange.close(reset=True)


def never_answers(exchange: Exchange) -> None:
    time.sleep(SLOW)
    exchange.close()


def loses_the_answer(exchange: Exchange) -> None:
    exchange.forward()
    exchange.close()


def resets_after_the_write(exchange: Exchange) -> None:
    exchange.forward()
    exchange.close(reset=True)


def answers_late(exchange: Exchange) -> None:
    reply = exchange.forward()
    time.sleep(SLOW)
    exchange.answer(reply)


def arrives_late(exchange: Exchange) -> None:
    time.sleep(SLOW)
    exchange.answer(exchange.forward())


def breaks_off(exchange: Exchange) -> None:
    reply = exchange.forward()
    exchange.answer(reply, sent=reply.body[: len(reply.body) // 2], length=len(reply.body))
    exchange.close()


def stalls(exchange: Exchange) -> None:
    reply = exchange.forward()
    exchange.answer(reply, sent=reply.body[: len(reply.body) // 2], length=len(reply.body))
    time.sleep(SLOW)
    exchange.close()


def truncates(exchange: Exchange) -> None:
    """Send half of a response, which only its checksum reveals."""
    reply = exchange.forward()
    exchange.answer(reply, sent=reply.body[: len(reply.body) // 2])


def answers_nothing(exchange: Exchange) -> None:
    """Send an empty object, as if nothing were found, with a wrong checksum."""
    exchange.answer(exchange.forward(), sent=b"{ }")


def error(code: str, status: int = 400) -> Fault:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "secret-detail"}).encode()
    return lambda exchange: exchange.answer(Reply(status, body))


def page(status: int) -> Fault:
    """Return a fault that sends an error page, like a proxy between the handlers and the database."""
    return lambda exchange: exchange.answer(Reply(status, b"<html>secret-detail</html>", "text/html"))


def fails_after_the_write(exchange: Exchange) -> None:
    exchange.forward()
    error("InternalServerError", 500)(exchange)


def conflicts(exchange: Exchange) -> None:
    if exchange.operation != "TransactWriteItems":
        return error("TransactionConflictException")(exchange)
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "secret-detail"}]
    body = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "CancellationReasons": reasons}
    return exchange.answer(Reply(400, json.dumps(body).encode()))


REJECTED: dict[str, Fault] = {
    "throttles": error("ProvisionedThroughputExceededException"),
    "limits requests": error("ThrottlingException"),
    "conflicts": conflicts,
}
"""The database rejects the request, and has written nothing."""

NOT_WRITTEN: dict[str, Fault] = {
    "closes": closes,
    "resets": resets,
    "never answers": never_answers,
    "breaks": error("InternalServerError", 500),
    "is unavailable": error("ServiceUnavailable", 503),
    "is behind a 502": page(502),
    "is behind a 429": page(429),
}
WRITTEN: dict[str, Fault] = {
    "loses the answer": loses_the_answer,
    "resets after the write": resets_after_the_write,
    "answers late": answers_late,
    "arrives late": arrives_late,
    "breaks off": breaks_off,
    "stalls": stalls,
    "truncates": truncates,
    "answers nothing": answers_nothing,
    "fails after the write": fails_after_the_write,
}
FAULTS = REJECTED | NOT_WRITTEN | WRITTEN
