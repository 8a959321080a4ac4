"""A cold start as in Lambda: a new process of the runtime client, which can import only the files of the function.

The services are on loopback: Lambda's runtime interface, which returns one event, and a DynamoDB that returns the same
item for every request, without delay.
"""

import json
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from tests.serving import serving

ITEM = {
    "owner": {"S": "local|ann"}, "id": {"S": "7"}, "name": {"S": "a"}, "description": {"S": "b"},
    "revision": {"S": "1"},
    "created_at": {"S": "2026-01-01T00:00:00.000Z"}, "updated_at": {"S": "2026-01-01T00:00:00.000Z"},
}  # fmt: skip
EVENT = {
    "httpMethod": "GET",
    "path": "/items/7",
    "headers": {"Origin": "http://localhost:3000"},
    "pathParameters": {"id": "7"},
    "requestContext": {
        "path": "/prod/items/7",
        "requestId": "request-1",
        "authorizer": {"owner": "local|ann", "expires": "99999999999"},
    },
}
START = """
import sys
sys.path[:0] = sys.argv[3:]
from awslambdaric.bootstrap import run
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient
run(sys.argv[1], LambdaRuntimeClient(sys.argv[2], False))
"""
DEADLINE = 30.0
"""Seconds after which a cold start has failed."""


@dataclass(frozen=True)
class Program:
    """A function: the name of its `handler` in Lambda's format, and the folders it is imported from."""

    handler: str
    folders: tuple[Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def service(self) -> "LambdaService":
        return cast("LambdaService", self.server)

    def do_GET(self) -> None:
        """Return the first event. Later requests wait until the process is terminated."""
        if self.service.given.is_set():
            self.service.over.wait(DEADLINE)
            self.close_connection = True
            return
        self.service.given.set()
        self._answer(self.service.event, {
            "Lambda-Runtime-Aws-Request-Id": "1",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 10) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:bench",
        })  # fmt: skip

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "X-Amz-Target" in self.headers:
            self._answer({"Item": ITEM}, {})
            return
        self.service.ended = time.perf_counter()
        self.service.answer = json.loads(body)
        self.service.answered.set()
        self._answer({}, {})

    def _answer(self, document: Any, headers: Mapping[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Amz-Crc32", str(zlib.crc32(body)))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Log nothing."""


class LambdaService(ThreadingHTTPServer):
    """The service for one process at a time."""

    daemon_threads = True

    def __init__(self, event: Mapping[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.event = event
        self.given, self.answered, self.over = threading.Event(), threading.Event(), threading.Event()
        self.answer: Any = "no answer"
        self.ended = 0.0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore connections that are closed by terminated processes."""


@contextmanager
def lambda_service(event: Mapping[str, Any]) -> Iterator[LambdaService]:
    with serving(LambdaService(event)) as service:
        try:
            yield service
        finally:
            service.over.set()


def cold_start(program: Program, event: Mapping[str, Any], expected: tuple[str, Any]) -> float:
    """Return the seconds from the start of the process until it has returned its first result.

    `expected` is a member of the result and its value, or None for any value. Raises RuntimeError for other results.
    """
    with lambda_service(event) as service:
        # -B: the files in Lambda are read-only, so sources are compiled at every cold start.
        command = [sys.executable, "-I", "-S", "-B", "-c", START, program.handler, service.address]
        started = time.perf_counter()
        process = subprocess.Popen(
            [*command, *map(str, program.folders)],
            env={**_environment(service), **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            service.answered.wait(DEADLINE)
        finally:
            process.kill()
            _, errors = process.communicate()
    name, value = expected
    if name not in service.answer or value not in (None, service.answer[name]):
        raise RuntimeError(f"{program.handler}: {service.answer}\n{errors.decode()}")
    return service.ended - started


def _environment(service: LambdaService) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_RUNTIME_API": service.address,
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{service.address}",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_SESSION_TOKEN": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TABLE": "bench",
    }
