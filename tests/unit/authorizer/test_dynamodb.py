"""Items are read by key, with signed and consistent requests, over persistent connections, within the timeout."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from authorizer.http import pool
from authorizer.revocation import dynamodb
from authorizer.revocation.dynamodb import ReadFailed, TableReader
from tests.security.key_server import key_server
from tests.security.test_outages import MARGIN, OUTAGES
from tests.unit.authorizer.database import TABLE, Database, DynamoDBLocal, database
from tests.unit.authorizer.provider import ManualClock


def keys(items: list[dynamodb.Item]) -> set[str]:
    return {item["revoked"]["S"] for item in items}


def test_existing_items_are_read(revocations: Database) -> None:
    revocations.put("zoë", issued_until=5)
    revocations.put("c")
    read = revocations.table().get_items(("zoë", "b"), 2)
    assert read == [{"revoked": {"S": "zoë"}, "issued_until": {"N": "5"}}]
    assert keys(revocations.table().get_items(("c", "zoë"), 2)) == {"c", "zoë"}
    assert revocations.table().get_items(("b",), 2) == []


def test_a_reader_continues_after_a_write(revocations: Database) -> None:
    reader = revocations.table()
    for key in ("a", "b", "c"):
        assert reader.get_items((key, "absent"), 2) == []
        revocations.put(key)
        assert keys(reader.get_items((key, "absent"), 2)) == {key}


@pytest.mark.java
def test_a_missing_table_is_an_error(dynamodb_local_url: str) -> None:
    match = r"^status 400 ResourceNotFoundException$"
    with closing(DynamoDBLocal(dynamodb_local_url)) as server, pytest.raises(ReadFailed, match=match):
        server.table().get_items(("a",), 2)


def test_a_request_is_signed_with_the_roles_credentials() -> None:
    with database() as server:
        server.table(ManualClock().as_clock()).get_items(("a", "b"), 2)
    (request,) = server.requests
    assert request["X-Amz-Target"] == "DynamoDB_20120810.BatchGetItem"
    assert request["X-Amz-Security-Token"] == "a-session-token"
    assert (request["Content-Type"], request["Accept-Encoding"]) == ("application/x-amz-json-1.0", "identity")
    assert request["X-Amz-Date"] == "20270115T080000Z"


def test_one_connection_serves_many_reads() -> None:
    with database() as server:
        reader = server.table()
        for _ in range(5):
            reader.get_items(("a", "b"), 2)
    assert (len(server.requests), server.connections) == (5, 1)


def test_a_connection_can_be_opened_before_the_first_read() -> None:
    with database() as server:
        reader = server.table()
        reader.connect(1)
        reader.get_items(("a",), 2)
    assert server.connections == 1


def test_a_connection_that_was_idle_too_long_by_either_clock_is_not_reused() -> None:
    with database() as server:
        clock = ManualClock(time.time())
        reader = server.table(clock.as_clock())
        reader.get_items(("a",), 2)
        clock.monotonic += pool.MAX_IDLE - 1
        reader.get_items(("a",), 2)
        assert server.connections == 1
        clock.monotonic += pool.MAX_IDLE
        reader.get_items(("a",), 2)
        assert server.connections == 2
        clock.wall += pool.MAX_IDLE
        reader.get_items(("a",), 2)
        assert server.connections == 3


@pytest.mark.parametrize("failure", ["hang up", "wait"])
def test_a_dropped_connection_is_replaced_immediately(failure: str) -> None:
    with database() as server:
        server.put("a")
        reader = server.table()
        reader.get_items(("a",), 1)
        server.failures.append(failure)
        assert keys(reader.get_items(("a",), 2)) == {"a"}, "half of the time must be left for a new connection"
        assert server.connections == 2


@pytest.mark.parametrize("failure", ["hang up", b"what?"])
def test_replacing_a_dropped_connection_does_not_count_as_the_retry(failure: str | bytes) -> None:
    with database() as server:
        server.put("a")
        reader = server.table()
        reader.get_items(("a",), 2)
        server.failures += [("raw", failure) if isinstance(failure, bytes) else failure, 500]
        assert keys(reader.get_items(("a",), 2)) == {"a"}


@pytest.mark.parametrize("failure", [500, 503, 400, "hang up", b"{}", b'{"Responses":{}}', b"[", b'{"Responses":[]}'])
def test_a_failed_read_is_retried(failure: int | str | bytes) -> None:
    with database() as server:
        server.put("a")
        server.failures.append(failure)
        assert keys(server.table().get_items(("a",), 2)) == {"a"}


EMPTY = json.dumps({"Responses": {TABLE: []}}).encode()
PARTIAL = b'{"Responses":{"gatehouse-test-authorizer-revocations":[]},"UnprocessedKeys":{"x":{"Keys":[]}}}'


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (500, "status 500 ThrottlingException"),
        (400, "status 400 ThrottlingException"),
        ("hang up", "a line is too long or incomplete"),
        (PARTIAL, "not all keys were read"),
        (b'{"Responses":{"gatehouse-test-authorizer-revocations":{}}}', "not a response of BatchGetItem"),
        (b'{"Responses":{"another":[]}}', "not a response of BatchGetItem"),
        (b"\xff", "not a response of BatchGetItem"),
        (b'{"Responses":' + b"[" * 30_000, "not a response of BatchGetItem"),
        (EMPTY.ljust(dynamodb.MAX_BYTES + 1), "more than 65536 bytes"),
        (EMPTY.ljust(dynamodb.MAX_BYTES * 2), "more than 65536 bytes"),
    ],
)
def test_a_second_failure_raises_an_error_without_the_keys(failure: int | str | bytes, message: str) -> None:
    with database() as server:
        server.failures += [failure, failure]
        with pytest.raises(ReadFailed, match=f"^{message}$") as failed:
            server.table().get_items(("a secret",), 2)
        assert "secret" not in str(failed.value)
        assert len(server.requests) == 2
        assert server.table().get_items(("a",), 2) == []


def test_a_response_of_the_largest_size_is_read() -> None:
    with database() as server:
        server.failures.append(EMPTY.ljust(dynamodb.MAX_BYTES))
        assert server.table().get_items(("a",), 2) == []
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"a secret"}',
            "ResourceNot",
        ),
        (b'{"__type":"AccessDeniedException"}', "AccessDenied"),
        (b'{"__type":"x#a secret"}', ""),
        (b'{"__type":"' + b"x" * 64 + b'"}', "x" * 64 + "$"),
        (b'{"__type":"' + b"x" * 65 + b'"}', ""),
        (b'{"__type":5}', ""),
        (b"<html>", ""),
        (b"[" * 30_000, ""),
    ],
)
def test_the_message_contains_only_the_name_of_a_dynamodb_error(body: bytes, message: str) -> None:
    with database() as server:
        server.failures += [(400, body), (400, body)]
        with pytest.raises(ReadFailed, match=f"^status 400 {message}" if message else "^status 400$") as failed:
            server.table().get_items(("a",), 2)
        assert "secret" not in str(failed.value)


def test_items_that_were_read_before_a_failure_are_kept() -> None:
    key = {"revoked": {"S": "a"}}
    some = json.dumps({"Responses": {TABLE: [key]}, "UnprocessedKeys": {TABLE: {}}}).encode()
    with database() as server:
        server.failures += [some, 500]
        with pytest.raises(ReadFailed, match=r"^status 500 ThrottlingException$") as failed:
            server.table().get_items(("a", "b"), 2)
        assert failed.value.items == [key]


def test_an_unexpected_second_response_is_discarded() -> None:
    """Otherwise, every later request would receive the response to the one before."""
    with database() as server:
        server.put("a")
        reader = server.table()
        server.failures.append("twice")
        for key, expected in (("b", set[str]()), ("a", {"a"}), ("b", set[str]()), ("a", {"a"})):
            assert keys(reader.get_items((key,), 1)) == expected
        assert server.connections == 2


def test_an_invalid_signature_is_an_error() -> None:
    with database() as server:
        environment = server.environment
        wrong = type(environment)(
            environment.revocations_table,
            environment.region,
            environment.key_id,
            "wrong",
            environment.session_token,
            server.url,
        )
        reader = TableReader(environment.revocations_table, "revoked", wrong)
        match = r"^status 400 InvalidSignatureException$"
        with closing(reader._pool), pytest.raises(ReadFailed, match=match):
            reader.get_items(("a",), 1)


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_an_error_within_the_timeout(outage: str) -> None:
    with database() as server, key_server(OUTAGES[outage]) as faulty:
        server.url = faulty.url.removesuffix("/keys")
        reader = server.table()
        started = time.monotonic()
        with pytest.raises(ReadFailed):
            reader.get_items(("a",), 0.3)
        assert time.monotonic() - started < 0.3 + MARGIN


def test_a_refused_connection_is_an_error() -> None:
    with database() as server:
        reader = server.table()
    with pytest.raises(ReadFailed, match="ConnectionRefusedError"):
        reader.get_items(("a",), 1)
    with pytest.raises(OSError, match="refused"):
        reader.connect(1)


def test_threads_do_not_receive_each_others_responses() -> None:
    with database() as server:
        names = [f"key-{number}" for number in range(40)]
        for name in names:
            server.put(name)
        reader = server.table()
        with ThreadPoolExecutor(8) as pool:
            for _ in range(3):
                results = pool.map(lambda name: keys(reader.get_items((name,), 5)), names)
                assert list(results) == [{name} for name in names]
        assert server.connections <= 8
