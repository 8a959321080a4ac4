"""Databases on loopback with the table of revocations: a fake one, and Amazon's own engine.

The fake one reads items by key, verifies signatures as AWS does, and can simulate failures.
"""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from authorizer.clock import Clock
from authorizer.revocation.denylist import Denylist
from authorizer.revocation.dynamodb import TableReader
from authorizer.revocation.entries import KEY
from authorizer.revocation.environment import Environment, read_environment
from infra.naming import REVOCATIONS
from local.provider.connection import Connection
from tests.dynamodb.tables import create_table
from tests.serving import serving

TABLE = "gatehouse-test-authorizer-revocations"
REGION = "eu-central-1"
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a-session-token")


class Database(ABC):
    """A database with the table of revocations, and the authorizer's readers of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._tables: list[TableReader] = []

    @abstractmethod
    def put(self, key: str, **numbers: int) -> None:
        """Store an item."""

    @property
    def environment(self) -> Environment:
        return read_environment(
            {
                "REVOCATIONS_TABLE": TABLE,
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": KEYS.access_key,
                "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
                "AWS_SESSION_TOKEN": str(KEYS.token),
                "AWS_ENDPOINT_URL": self.url,
            }
        )

    def table(self, clock: Clock | None = None) -> TableReader:
        """Return the authorizer's reader of the table."""
        now = time.time()
        made = TableReader(TABLE, KEY, self.environment, clock or Clock(lambda: now, lambda: 0))
        self._tables.append(made)
        return made

    def denylist(self, timeout: float = 1.0) -> Denylist:
        made = Denylist(timeout, self.environment)
        self._tables.append(made.table)
        return made

    def close(self) -> None:
        for table in self._tables:
            table._pool.close()


def item_of(key: str, numbers: Mapping[str, int]) -> dict[str, Any]:
    return {KEY: {"S": key}, **{name: {"N": str(number)} for name, number in numbers.items()}}


class DynamoDBLocal(Database):
    """Amazon's own engine."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.client = Connection(url, REGION, KEYS.access_key).client("dynamodb")

    def put(self, key: str, **numbers: int) -> None:
        self.client.put_item(TableName=TABLE, Item=item_of(key, numbers))


class FakeDatabase(Database):
    """The items by key, and the `failures` that the next requests receive instead.

    Each failure is a status, a body, both, or `hang up`, `wait` (too long, then hang up), `twice`, `raw` with bytes.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.items: dict[str, dict[str, Any]] = {}
        self.failures: list[int | str | bytes | tuple[int | str, bytes]] = []
        self.requests: list[dict[str, Any]] = []
        self.connections = 0

    def put(self, key: str, **numbers: int) -> None:
        self.items[key] = item_of(key, numbers)

    def answer(self, body: bytes) -> bytes:
        ((table, wanted),) = json.loads(body)["RequestItems"].items()
        assert table == TABLE
        assert wanted["ConsistentRead"] is True
        keys = [key["revoked"]["S"] for key in wanted["Keys"]]
        found = [self.items[key] for key in keys if key in self.items]
        return json.dumps({"Responses": {table: found}, "UnprocessedKeys": {}}).encode()


def signature(headers: dict[str, str], body: bytes, url: str) -> str:
    """Return the Authorization field that botocore computes for the same request at the same time."""
    moment = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    signed = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    plain = {name: value for name, value in headers.items() if name.lower() in signed}
    request = AWSRequest("POST", url, headers=plain, data=body)
    with patch("botocore.auth.get_current_datetime", lambda: moment):
        SigV4Auth(KEYS, "dynamodb", REGION).add_auth(request)
    return request.headers["Authorization"]


class _Handler(BaseHTTPRequestHandler):
    database: FakeDatabase
    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds; otherwise a client that keeps its connection open would block the test

    def setup(self) -> None:
        self.database.connections += 1
        super().setup()

    def do_POST(self) -> None:
        headers = dict(self.headers.items())
        body = self.rfile.read(int(headers["Content-Length"]))
        self.database.requests.append(headers)
        failure = self.database.failures.pop(0) if self.database.failures else None
        if failure == "hang up":
            self.close_connection = True
        elif failure == "wait":
            time.sleep(3)
            self.close_connection = True
        elif failure == "twice":
            answer = self.database.answer(body)
            raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)
            self.wfile.write(raw + raw)
        elif isinstance(failure, tuple):
            status, answer = failure
            if status == "raw":
                self.wfile.write(answer + b"\r\n\r\n")
                self.close_connection = True
            else:
                self._send(int(status), answer)
        elif isinstance(failure, bytes):
            self._send(200, failure)
        elif isinstance(failure, int):
            self._send(failure, b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}')
        elif headers["Authorization"] != signature(headers, body, self.database.url):
            self._send(400, b'{"__type":"com.amazon.coral.service#InvalidSignatureException"}')
        else:
            self._send(200, self.database.answer(body))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


@contextmanager
def database() -> Iterator[FakeDatabase]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    made = FakeDatabase(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"database": made})
    with serving(server), closing(made):
        yield made


@contextmanager
def dynamodb_local(url: str) -> Iterator[DynamoDBLocal]:
    """Create the table that the Pulumi program creates, in a server that is running."""
    create_table(REVOCATIONS, TABLE, url, REGION, KEYS.access_key)
    with closing(DynamoDBLocal(url)) as made:
        try:
            yield made
        finally:
            made.client.delete_table(TableName=TABLE)
