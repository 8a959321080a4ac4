"""Items are read by key: signed, consistently, over one connection, in time, or not at all."""

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
from tests.unit.authorizer.database import TABLE, database
from tests.unit.authorizer.provider import ManualClock


def keys(items: list[dynamodb.Item]) -> set[str]:
    return {item["revoked"]["S"] for item in items}


def test_items_that_exist_are_found() -> None:
    with database() as found:
        found.put("a", issued_until=5)
        found.put("c")
        read = found.table(ManualClock().as_clock()).get_items(("a", "b"), 2)
    assert read == [{"revoked": {"S": "a"}, "issued_until": {"N": "5"}}]
    assert found.requests[0]["X-Amz-Target"] == "DynamoDB_20120810.BatchGetItem"
    request = found.requests[0]
    assert request["X-Amz-Security-Token"] == "a-session-token"
    assert (request["Content-Type"], request["Accept-Encoding"]) == ("application/x-amz-json-1.0", "identity")
    assert request["X-Amz-Date"] == "20270115T080000Z"


def test_one_connection_serves_many_reads() -> None:
    with database() as found:
        reader = found.table()
        for _ in range(5):
            reader.get_items(("a", "b"), 2)
    assert (len(found.requests), found.connections) == (5, 1)


def test_a_connection_is_opened_ahead() -> None:
    with database() as found:
        reader = found.table()
        reader.connect(1)
        reader.get_items(("a",), 2)
    assert found.connections == 1


def test_an_idle_connection_is_not_used_again_by_either_clock() -> None:
    with database() as found:
        clock = ManualClock(time.time())
        reader = found.table(clock.as_clock())
        reader.get_items(("a",), 2)
        clock.monotonic += pool.MAX_IDLE - 1
        reader.get_items(("a",), 2)
        assert found.connections == 1
        clock.monotonic += pool.MAX_IDLE
        reader.get_items(("a",), 2)
        assert found.connections == 2
        clock.wall += pool.MAX_IDLE
        reader.get_items(("a",), 2)
        assert found.connections == 3


@pytest.mark.parametrize("failure", ["hang up", "wait"])
def test_a_connection_that_the_other_side_has_left_is_replaced_at_once(failure: str) -> None:
    with database() as found:
        found.put("a")
        reader = found.table()
        reader.get_items(("a",), 1)
        found.failures.append(failure)
        assert keys(reader.get_items(("a",), 2)) == {"a"}, "half of the time is left for a new connection"
        assert found.connections == 2


@pytest.mark.parametrize("failure", ["hang up", b"what?"])
def test_a_connection_that_was_left_does_not_use_up_the_second_try(failure: str | bytes) -> None:
    with database() as found:
        found.put("a")
        reader = found.table()
        reader.get_items(("a",), 2)
        found.failures += [("raw", failure) if isinstance(failure, bytes) else failure, 500]
        assert keys(reader.get_items(("a",), 2)) == {"a"}


@pytest.mark.parametrize("failure", [500, 503, 400, "hang up", b"{}", b'{"Responses":{}}', b"[", b'{"Responses":[]}'])
def test_what_fails_once_is_asked_for_again(failure: int | str | bytes) -> None:
    with database() as found:
        found.put("a")
        found.failures.append(failure)
        assert keys(found.table().get_items(("a",), 2)) == {"a"}


EMPTY = json.dumps({"Responses": {TABLE: []}}).encode()
UNFINISHED = b'{"Responses":{"gatehouse-test-authorizer-revocations":[]},"UnprocessedKeys":{"x":{"Keys":[]}}}'


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (500, "status 500 ThrottlingException"),
        (400, "status 400 ThrottlingException"),
        ("hang up", "a line is too long or incomplete"),
        (UNFINISHED, "not all keys were read"),
        (b'{"Responses":{"gatehouse-test-authorizer-revocations":{}}}', "not a response of BatchGetItem"),
        (b'{"Responses":{"another":[]}}', "not a response of BatchGetItem"),
        (b"\xff", "not a response of BatchGetItem"),
        (b'{"Responses":' + b"[" * 30_000, "not a response of BatchGetItem"),
        (EMPTY.ljust(dynamodb.MAX_BYTES + 1), "more than 65536 bytes"),
        (EMPTY.ljust(dynamodb.MAX_BYTES * 2), "more than 65536 bytes"),
    ],
)
def test_what_fails_twice_is_a_failure_that_tells_nothing_of_the_keys(failure: int | str | bytes, said: str) -> None:
    with database() as found:
        found.failures += [failure, failure]
        with pytest.raises(ReadFailed, match=f"^{said}$") as failed:
            found.table().get_items(("a secret",), 2)
        assert "secret" not in str(failed.value)
        assert len(found.requests) == 2
        assert found.table().get_items(("a",), 2) == []


def test_an_answer_of_the_greatest_size_is_read() -> None:
    with database() as found:
        found.failures.append(EMPTY.ljust(dynamodb.MAX_BYTES))
        assert found.table().get_items(("a",), 2) == []
        assert len(found.requests) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
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
def test_a_refusal_is_told_by_its_name_and_by_nothing_else(answer: bytes, said: str) -> None:
    with database() as found:
        found.failures += [(400, answer), (400, answer)]
        with pytest.raises(ReadFailed, match=f"^status 400 {said}" if said else "^status 400$") as failed:
            found.table().get_items(("a",), 2)
        assert "secret" not in str(failed.value)


def test_what_was_found_before_a_failure_is_not_lost() -> None:
    key = {"revoked": {"S": "a"}}
    some = json.dumps({"Responses": {TABLE: [key]}, "UnprocessedKeys": {TABLE: {}}}).encode()
    with database() as found:
        found.failures += [some, 500]
        with pytest.raises(ReadFailed, match=r"^status 500 ThrottlingException$") as failed:
            found.table().get_items(("a", "b"), 2)
        assert failed.value.items == [key]


def test_an_answer_too_many_is_nobodys() -> None:
    """It would be taken for the next one's, and every later one would be one off."""
    with database() as found:
        found.put("a")
        reader = found.table()
        found.failures.append("twice")
        for key, expected in (("b", set[str]()), ("a", {"a"}), ("b", set[str]()), ("a", {"a"})):
            assert keys(reader.get_items((key,), 1)) == expected
        assert found.connections == 2


def test_a_wrong_signature_is_a_failure() -> None:
    with database() as found:
        told = found.environment
        wrong = type(told)(told.revocations_table, told.region, told.key_id, "wrong", told.session_token, found.url)
        with (
            closing(TableReader(told.revocations_table, "revoked", wrong)) as reader,
            pytest.raises(ReadFailed, match=r"^status 400 InvalidSignatureException$"),
        ):
            reader.get_items(("a",), 1)


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_a_failure_within_the_time(outage: str) -> None:
    with database() as found, key_server(OUTAGES[outage]) as server:
        found.url = server.url.removesuffix("/keys")
        reader = found.table()
        started = time.monotonic()
        with pytest.raises(ReadFailed):
            reader.get_items(("a",), 0.3)
        assert time.monotonic() - started < 0.3 + MARGIN


def test_without_anybody_there_it_fails() -> None:
    with database() as found:
        reader = found.table()
    with pytest.raises(ReadFailed, match="ConnectionRefusedError"):
        reader.get_items(("a",), 1)
    with pytest.raises(OSError, match="refused"):
        reader.connect(1)


def test_threads_do_not_get_each_others_answers() -> None:
    with database() as found:
        names = [f"key-{number}" for number in range(40)]
        for name in names:
            found.put(name)
        reader = found.table()
        with ThreadPoolExecutor(8) as pool:
            for _ in range(3):
                answers = pool.map(lambda name: keys(reader.get_items((name,), 5)), names)
                assert list(answers) == [{name} for name in names]
        assert found.connections <= 8
