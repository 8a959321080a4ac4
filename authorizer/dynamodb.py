"""Items of a DynamoDB table by their keys, read consistently over a connection that is kept."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from authorizer import signing
from authorizer.clock import SYSTEM, Clock
from authorizer.connection import Connection, target
from authorizer.environment import Environment
from authorizer.response import ResponseMalformed

MAX_BYTES = 65_536
"""Bytes of an answer: two items of less than 1 KB are asked for."""

IDLE = 30
"""Seconds after which a connection is not used again: one that the other side has left may take a request silently."""

PAUSE = 0.05
"""Seconds before what DynamoDB could not do is asked for once more."""

MAX_KIND = 64
"""Characters of a refusal's name."""

OK = 200

Item = dict[str, dict[str, Any]]
"""Attributes by name, each value by its type: `{"id": {"S": "x"}}`."""


class ReadFailed(Exception):
    """Not all of the items could be had in time; `found` are those that were. Says nothing of what was asked for."""

    def __init__(self, message: str, found: list[Item] | None = None) -> None:
        super().__init__(message)
        self.found = found or []


class _Batch(msgspec.Struct):
    """The answer of BatchGetItem."""

    items: dict[str, list[Item]] = msgspec.field(name="Responses")
    left: dict[str, Any] = msgspec.field(name="UnprocessedKeys", default={})


class _Kept(msgspec.Struct, frozen=True):
    connection: Connection
    wall: float
    monotonic: float


class _Refusal(msgspec.Struct):
    """What DynamoDB answers instead: `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`."""

    kind: str = msgspec.field(name="__type")


_batch = msgspec.json.Decoder(_Batch)
_refusal = msgspec.json.Decoder(_Refusal)


class Table:
    """One table whose key is a single string attribute. Safe under threads."""

    def __init__(self, name: str, key: str, environment: Environment, clock: Clock = SYSTEM) -> None:
        self._name = name
        self._key = key
        self._place = target(environment.dynamodb_url)
        self._scope = signing.Scope(environment.region, "dynamodb")
        self._credentials = environment.credentials
        self._clock = clock
        self._kept: list[_Kept] = []

    def connect(self, seconds: float) -> None:
        """Open a connection ahead of the first read. Raises OSError."""
        self._keep(Connection(self._place, time.monotonic() + seconds))

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._kept:
            self._kept.pop().connection.close()

    def items(self, keys: Sequence[str], seconds: float) -> list[Item]:
        """Those items that exist, in any order, within so many seconds in all. Raises ReadFailed."""
        deadline = time.monotonic() + seconds
        wanted = {"Keys": [{self._key: {"S": key}} for key in keys], "ConsistentRead": True}
        body = msgspec.json.encode({"RequestItems": {self._name: wanted}})
        try:
            return self._read(body, deadline)
        except ReadFailed as first:
            time.sleep(max(0.0, min(PAUSE, deadline - time.monotonic())))
            try:
                return self._read(body, deadline)
            except ReadFailed as second:
                raise ReadFailed(str(second), first.found + second.found) from None

    def _read(self, body: bytes, deadline: float) -> list[Item]:
        try:
            status, answer = self._exchanged(body, deadline)
        except (OSError, ResponseMalformed) as error:
            raise ReadFailed(type(error).__name__) from None
        if status != OK:
            raise ReadFailed(f"status {status} {_kind(answer)}".rstrip())
        if len(answer) > MAX_BYTES:
            raise ReadFailed(f"more than {MAX_BYTES} bytes")
        try:
            batch = _batch.decode(answer)
            found = batch.items[self._name]
        except (msgspec.DecodeError, KeyError, RecursionError, ValueError):
            raise ReadFailed("the answer is not BatchGetItem's") from None
        if batch.left:
            raise ReadFailed("not all keys were read", found)
        return found

    def _exchanged(self, body: bytes, deadline: float) -> tuple[int, bytes]:
        """The status and the body of the answer, over a connection that is there already or else a new one."""
        request = self._request(body)
        kept = self._taken()
        if kept is not None:
            half = time.monotonic() + max(0.0, deadline - time.monotonic()) / 2
            with suppress(OSError, ResponseMalformed):  # the other side may have left it
                return self._asked(kept, request, half)
        return self._asked(Connection(self._place, deadline), request, deadline)

    def _asked(self, connection: Connection, request: bytes, deadline: float) -> tuple[int, bytes]:
        try:
            head = connection.ask(request, deadline)
            body = connection.read(head, MAX_BYTES)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._keep(connection)
        else:
            connection.close()
        return head.status, body

    def _request(self, body: bytes) -> bytes:
        fields = {
            "Host": self._place.authority,
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.BatchGetItem",
        }
        fields = signing.signed(fields, body, self._scope, self._credentials, self._clock.wall())
        lines = [f"{name}: {value}" for name, value in fields.items()]
        head = ["POST / HTTP/1.1", *lines, "Accept-Encoding: identity", f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(head).encode("ascii") + body

    def _keep(self, connection: Connection) -> None:
        self._kept.append(_Kept(connection, self._clock.wall(), self._clock.monotonic()))

    def _taken(self) -> Connection | None:
        """A connection that was used a moment ago, by both clocks: the monotonic one may stand still while frozen."""
        while self._kept:
            try:
                kept = self._kept.pop()
            except IndexError:  # another thread took it
                return None
            age = max(self._clock.wall() - kept.wall, self._clock.monotonic() - kept.monotonic)
            if age < IDLE and kept.connection.quiet:
                return kept.connection
            kept.connection.close()
        return None


def _kind(answer: bytes) -> str:
    """What DynamoDB calls its refusal, for whoever has to mend it; empty where the answer is not DynamoDB's."""
    try:
        kind = _refusal.decode(answer).kind.rpartition("#")[2]
    except (msgspec.DecodeError, RecursionError, ValueError):
        return ""
    return kind if kind.isascii() and kind.isalpha() and len(kind) <= MAX_KIND else ""
