"""Read items of a DynamoDB table by their keys, consistently, over persistent connections."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from authorizer.clock import SYSTEM, Clock
from authorizer.http.connection import parse_endpoint
from authorizer.http.pool import Pool
from authorizer.http.response import ResponseMalformed
from authorizer.revocation import sigv4
from authorizer.revocation.environment import Environment

MAX_BYTES = 65_536
"""Bytes of a response: it contains two items of less than 1 KB."""

RETRY_DELAY = 0.05
"""Seconds before a failed read is retried once."""

MAX_ERROR_NAME = 64
"""Characters of an error's name in log messages."""

OK = 200

Item = dict[str, dict[str, Any]]
"""Attributes by name, each value by its type: `{"id": {"S": "x"}}`."""


class ReadFailed(Exception):
    """Not all items could be read in time; `items` are those that were. The message contains no keys."""

    def __init__(self, message: str, items: list[Item] | None = None) -> None:
        super().__init__(message)
        self.items = items or []


class _Batch(msgspec.Struct):
    """The response of BatchGetItem."""

    items: dict[str, list[Item]] = msgspec.field(name="Responses")
    unprocessed: dict[str, Any] = msgspec.field(name="UnprocessedKeys", default={})


class _Error(msgspec.Struct):
    """An error response of DynamoDB, such as `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`."""

    name: str = msgspec.field(name="__type")


_batch = msgspec.json.Decoder(_Batch)
_error = msgspec.json.Decoder(_Error)


class TableReader:
    """Reads a table whose key is a single string attribute. Thread-safe."""

    def __init__(self, name: str, key: str, environment: Environment, clock: Clock = SYSTEM) -> None:
        self._name = name
        self._key = key
        self._pool = Pool(parse_endpoint(environment.dynamodb_url), clock)
        self._scope = sigv4.CredentialScope(environment.region, "dynamodb")
        self._credentials = environment.credential_source(clock)
        self._clock = clock

    def connect(self, timeout: float) -> None:
        """Open a connection before the first read, within `timeout` seconds. Raises OSError."""
        self._pool.connect(time.monotonic() + timeout)

    def get_items(self, keys: Sequence[str], timeout: float) -> list[Item]:
        """Return the items that exist, in any order, within `timeout` seconds. Raises ReadFailed."""
        deadline = time.monotonic() + timeout
        request = {"Keys": [{self._key: {"S": key}} for key in keys], "ConsistentRead": True}
        body = msgspec.json.encode({"RequestItems": {self._name: request}})
        try:
            return self._read(body, deadline)
        except ReadFailed as first:
            time.sleep(max(0.0, min(RETRY_DELAY, deadline - time.monotonic())))
            try:
                return self._read(body, deadline)
            except ReadFailed as second:
                raise ReadFailed(str(second), first.items + second.items) from None

    def _read(self, body: bytes, deadline: float) -> list[Item]:
        try:
            head, content = self._pool.exchange(self._request(body, deadline), deadline, MAX_BYTES)
        except OSError as error:
            raise ReadFailed(type(error).__name__) from None
        except ResponseMalformed as error:
            raise ReadFailed(str(error)) from None
        if head.status != OK:
            raise ReadFailed(f"status {head.status} {_error_name(content)}".rstrip())
        try:
            batch = _batch.decode(content)
            items = batch.items[self._name]
        except (msgspec.DecodeError, KeyError, RecursionError, ValueError):
            raise ReadFailed("not a response of BatchGetItem") from None
        if batch.unprocessed:
            raise ReadFailed("not all keys were read", items)
        return items

    def _request(self, body: bytes, deadline: float) -> bytes:
        fields = {
            "Host": self._pool.endpoint.authority,
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.BatchGetItem",
        }
        fields = sigv4.sign(fields, body, self._scope, self._credentials(deadline), self._clock.wall())
        lines = [f"{name}: {value}" for name, value in fields.items()]
        head = ["POST / HTTP/1.1", *lines, "Accept-Encoding: identity", f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(head).encode("ascii") + body


def _error_name(content: bytes) -> str:
    """Return the name of a DynamoDB error, for the operator; empty if the response is not DynamoDB's."""
    try:
        name = _error.decode(content).name.rpartition("#")[2]
    except (msgspec.DecodeError, RecursionError, ValueError):
        return ""
    return name if name.isascii() and name.isalpha() and len(name) <= MAX_ERROR_NAME else ""
