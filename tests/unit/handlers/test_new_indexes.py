"""Filters and ranges that are added to a table with data: which of the items that were stored before are found."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from handlers.contract.keys import PARTITION_KEY
from tests.dynamodb.tables import TABLE, provider, with_indexes
from tests.unit.handlers.conftest import Api, Query, api_of, ids
from tests.unit.handlers.meetings import COLLECTION

EARLIER = replace(COLLECTION, filters=("room",), ranges=())
"""The collection before the filters and ranges were added."""

LATER = replace(COLLECTION, filters=("room", "kind+room"), ranges=("room+starts_at", "ends_on", "seats", "code"))


@pytest.fixture
def before_and_after(dynamodb: Any) -> Iterator[tuple[Api, Api, list[dict[str, Any]]]]:
    """The collection before and after the update of its table, and the items stored before."""
    before, after = api_of(EARLIER, dynamodb), api_of(LATER, dynamodb)
    deployer = provider(dynamodb.meta.endpoint_url, dynamodb.meta.region_name)
    state = deployer.create(TABLE, "meetings", with_indexes("meetings", before.table, EARLIER.indexes))
    try:
        stored = [before.created(seats=seats, room="x", code=f"{seats}") for seats in (2, 10, 1)]
        stored.append(before.created(seats=5, ends_on="2026-06-15"))
        before.call("create", body={"seats": 3, "room": "x"}, owner="local|eve")
        before.call("create", body={}, headers={"Idempotency-Key": "k"})
        deployer.update(TABLE, state, with_indexes("meetings", before.table, LATER.indexes))
        yield before, after, stored
    finally:
        dynamodb.delete_table(TableName=before.table)


def test_a_new_range_finds_the_items_that_were_stored_before(
    before_and_after: tuple[Api, Api, list[dict[str, Any]]], queries: list[Query]
) -> None:
    _, after, (two, ten, one, five) = before_and_after
    by_seats = [each["id"] for each in (one, two, five, ten)]
    assert ids(after, seats_from="1") == by_seats
    assert ids(after, seats_from="1", limit="1") == by_seats
    assert ids(after, order="-code", code_to="9") == [two["id"], ten["id"], one["id"]]
    assert ids(after, order="ends_on") == [five["id"]]
    assert all(each.answer["Count"] == each.answer["ScannedCount"] for each in queries)


def test_a_new_range_with_an_existing_filter_finds_them_too(
    before_and_after: tuple[Api, Api, list[dict[str, Any]]],
) -> None:
    _, after, stored = before_and_after
    found = ids(after, room="x", starts_at_from="2026-06-15T00:00:00Z")
    assert sorted(found) == sorted(each["id"] for each in stored if each["room"] == "x")


def test_a_new_filter_finds_them_once_they_are_written_again(
    before_and_after: tuple[Api, Api, list[dict[str, Any]]],
) -> None:
    _, after, (first, *_) = before_and_after
    assert ids(after, kind="call", room="x") == []
    assert after.call("update", first["id"], {"name": "b"}).status == 200
    assert ids(after, kind="call", room="x") == [first["id"]]


def test_items_that_the_earlier_version_writes_during_the_update_are_found(
    before_and_after: tuple[Api, Api, list[dict[str, Any]]],
) -> None:
    """Only by the ranges: the functions are updated after the table."""
    before, after, _ = before_and_after
    item = before.created(seats=7, ends_on="2026-06-15", room="x")
    assert ids(after, seats_from="6", seats_to="8") == [item["id"]]
    assert before.created()["ends_on"] is None
    assert before.call("replace", item["id"], {"seats": 8, "ends_on": "2026-06-16"}).status == 200
    assert ids(after, ends_on_from="2026-06-16") == [item["id"]]


def test_records_of_idempotency_keys_are_in_no_index(before_and_after: tuple[Api, Api, list[dict[str, Any]]]) -> None:
    _, after, _ = before_and_after
    for index in LATER.indexes:
        found = after.dynamodb.scan(TableName=after.table, IndexName=index.name)["Items"]
        assert not [each for each in found if each[PARTITION_KEY]["S"].startswith("idem#")]


def test_an_update_of_the_indexes_that_was_interrupted_is_continued(dynamodb: Any) -> None:
    deployer = provider(dynamodb.meta.endpoint_url, dynamodb.meta.region_name)
    before, half, after = (
        with_indexes("meetings", "gatehouse-test-meetings", indexes)
        for indexes in (EARLIER.indexes, (*EARLIER.indexes, LATER.indexes[-1]), LATER.indexes[-2:])
    )
    state = deployer.create(TABLE, "meetings", before)
    try:
        deployer.update(TABLE, state, half)
        deployer.update(TABLE, state, after)  # from the state before the interruption
        described = dynamodb.describe_table(TableName=state.id)["Table"]["GlobalSecondaryIndexes"]
        assert sorted(each["IndexName"] for each in described) == ["code_range", "seats_range"]
    finally:
        dynamodb.delete_table(TableName=state.id)
