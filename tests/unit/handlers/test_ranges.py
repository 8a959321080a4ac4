"""Ranges: in order of a field, in pages, alone or with filters, without reading more items than are returned."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import pytest

from handlers.contract.index import range_parameters
from tests.unit.handlers.conftest import Api, Query, ids, listed, pages, put_items_of_others

Item = Mapping[str, Any]

MEETINGS: tuple[dict[str, Any], ...] = (
    {"starts_at": "2026-06-15T09:30:00Z", "ends_on": "2026-06-15", "seats": 9, "price": 1.5, "code": "B", "room": "x"},
    {"starts_at": "2026-06-15T11:30:00+02:00", "ends_on": None, "seats": 10, "price": 1.50, "code": "a", "room": "x"},
    {"starts_at": "2026-06-15T09:30:00.5Z", "ends_on": "2024-02-29", "seats": 100, "price": 1e20, "code": "é"},
    {"starts_at": "2026-06-15T23:59:59.999999-12:00", "ends_on": "9999-12-31", "seats": -1, "price": -2, "room": "x"},
    {
        "starts_at": "0001-01-01T00:00:00Z",
        "ends_on": "0001-01-01",
        "seats": 0,
        "price": 0.1,
        "code": "a b",
        "room": "y",
    },
    {
        "starts_at": "2026-06-15T09:30:00Z",
        "ends_on": "2026-06-15",
        "seats": 2**70,
        "code": "\U0001f600",
        "kind": "visit",
    },
    {"room": "x", "kind": "visit", "code": "\uffff", "series": "00000000-0000-0000-0000-000000000001", "seats": 9},
    {"room": "x", "kind": "visit", "ends_on": "2026-06-14", "series": "C9BF9E57-1685-4C89-BAFB-FF5AF830BE8A"},
    {"room": "x#1#y", "kind": "visit", "ends_on": "2026-06-16", "series": "a9bf9e57-1685-4c89-bafb-ff5af830be8a"},
)
"""Bodies of items, with equal values, with values that differ in form only, and with none."""

BOUNDS: Mapping[str, tuple[str, ...]] = {
    "starts_at": ("2026-06-15T09:30:00Z", "2026-06-15T09:30:00.1Z", "2026-06-15T00:00:00-12:00"),
    "ends_on": ("2024-02-29", "2026-06-15"),
    "seats": ("-1", "9", "99"),
    "price": ("-1.0", "1.500", "1E2"),
    "code": ("B", "b", "é", "\uffff"),
    "series": ("00000000-0000-0000-0000-000000000001", "C9BF9E57-1685-4C89-BAFB-FF5AF830BE8A"),
}
"""Bounds of each range: some are values of items, some are between them."""

FILTERS: Mapping[str, tuple[dict[str, str], ...]] = {
    "starts_at": ({}, {"room": "x"}, {"room": "x#1#y"}),
    "ends_on": ({}, {"room": "x", "kind": "visit"}, {"room": "x", "kind": "call"}),
}
"""The filters that each range is combined with; by default none."""


def in_utc(text: str) -> str:
    """Return a bound as the API stores it, for the offsets used here."""
    return {
        "2026-06-15T09:30:00Z": "2026-06-15T09:30:00.000000Z",
        "2026-06-15T09:30:00.1Z": "2026-06-15T09:30:00.100000Z",
        "2026-06-15T00:00:00-12:00": "2026-06-15T12:00:00.000000Z",
    }[text]


VALUES: Mapping[str, Callable[[str], Any]] = {
    "starts_at": in_utc, "ends_on": str, "seats": int, "price": float, "code": str, "series": str.lower,
}  # fmt: skip


@pytest.fixture
def items(meetings: Api) -> list[Item]:
    """The caller's items; another owner has the same ones."""
    for body in MEETINGS:
        assert meetings.call("create", body=body, owner="local|eve").status == 201
    return [meetings.created(**body) for body in MEETINGS]


def expected(items: Sequence[Item], field: str, filters: Mapping[str, str], lowest: str, highest: str) -> list[Item]:
    """Return the items of a range in ascending order."""
    value_of = VALUES[field]
    found = [
        item
        for item in items
        if item.get(field) is not None
        and all(item[name] == value for name, value in filters.items())
        and (not lowest or item[field] >= value_of(lowest))
        and (not highest or item[field] <= value_of(highest))
    ]
    return sorted(found, key=lambda item: item[field])


def grouped(items: Sequence[Item], field: str) -> list[list[str]]:
    """Return the ids, with those of equal values in a group, because DynamoDB defines no order for them."""
    return [sorted(each["id"] for each in group) for _, group in groupby(items, key=lambda item: item[field])]


@pytest.mark.parametrize("limit", [2, 100])
@pytest.mark.parametrize("field", BOUNDS)
def test_a_range_is_in_order_of_its_field_and_reads_exactly_what_it_returns(
    meetings: Api, items: list[Item], field: str, limit: int, queries: list[Query]
) -> None:
    first, last = range_parameters(field)
    ranges = [("", ""), *((low, "") for low in BOUNDS[field]), *(("", high) for high in BOUNDS[field])]
    ranges += [
        (low, high) for low in BOUNDS[field] for high in BOUNDS[field] if VALUES[field](low) <= VALUES[field](high)
    ]
    for filters in FILTERS.get(field, ({},)):
        for low, high in ranges:
            bounds = {name: value for name, value in ((first, low), (last, high)) if value}
            for order in (field, f"-{field}"):
                queries.clear()
                found = listed(meetings, **filters, **bounds, limit=str(limit), order=order)
                wanted = expected(items, field, filters, low, high)
                together = [each for page in found for each in page]
                assert grouped(together, field) == grouped(wanted if order == field else wanted[::-1], field)
                assert all(len(page) == limit for page in found[:-1])
                assert [(each.answer["ScannedCount"], each.answer["Count"]) for each in queries] == [
                    (len(page), len(page)) for page in found
                ]


def test_a_range_is_ascending_by_default_and_needs_no_order(meetings: Api, items: list[Item]) -> None:
    by_seats = [each["seats"] for each in listed(meetings, seats_from="1")[0]]
    assert by_seats == sorted(by_seats)
    assert len(by_seats) == 5


def test_each_end_of_a_range_is_included(events: Api) -> None:
    made = {day: events.created(date=f"2026-06-{day}")["id"] for day in ("14", "15", "16", "17")}
    assert ids(events, date_from="2026-06-15", date_to="2026-06-16") == [made["15"], made["16"]]
    assert ids(events, date_from="2026-06-15", date_to="2026-06-15") == [made["15"]]
    assert ids(events, date_to="2026-06-14") == [made["14"]]
    assert ids(events, date_from="2026-06-17") == [made["17"]]
    assert ids(events, date_from="2026-06-18") == []


def test_a_change_of_the_field_moves_the_item(events: Api) -> None:
    event = events.created(date="2026-06-15")
    june = {"date_from": "2026-06-01", "date_to": "2026-06-30"}
    assert ids(events, **june) == [event["id"]]
    events.call("update", event["id"], {"date": "2026-07-01"})
    assert ids(events, **june) == []
    assert ids(events, order="date") == [event["id"]]
    events.call("replace", event["id"], {"name": "b", "date": "2026-06-30"})
    assert ids(events, **june) == [event["id"]]
    events.call("delete", event["id"])
    assert ids(events, **june) == []


class TestFieldsWithoutAValue:
    def test_they_are_returned_and_are_in_no_range(self, meetings: Api) -> None:
        item = meetings.created()
        assert (item["ends_on"], "price" in item) == (None, False)
        assert meetings.call("read", item["id"]).json == item
        assert [*ids(meetings, order="ends_on"), *ids(meetings, order="price")] == []
        assert ids(meetings) == [item["id"]]

    @pytest.mark.parametrize("operation", ["replace", "update"])
    def test_they_can_be_set_and_removed(self, meetings: Api, operation: str) -> None:
        item = meetings.created(name="a", room="r")
        later = meetings.call(operation, item["id"], {"ends_on": "2026-06-15", "price": 2, "room": "s"}).json
        assert (later["ends_on"], later["price"]) == ("2026-06-15", 2)
        assert ids(meetings, order="ends_on") == ids(meetings, order="price") == ids(meetings, room="s") == [item["id"]]
        removed = meetings.call(
            operation, item["id"], {"ends_on": None} | ({"price": None} if operation == "update" else {})
        )
        assert (removed.status, removed.json["ends_on"], "price" in removed.json) == (200, None, False)
        assert meetings.call("read", item["id"]).json == removed.json
        assert [*ids(meetings, order="ends_on"), *ids(meetings, order="price")] == []

    def test_a_retry_with_an_idempotency_key_returns_them(self, meetings: Api) -> None:
        headers = {"Idempotency-Key": "k"}
        first, second = (meetings.call("create", body={}, headers=headers).json for _ in range(2))
        assert first == second
        assert first["ends_on"] is None


class TestInvalidRanges:
    @pytest.mark.parametrize("value", ["soon", "2026-02-30", "", "null", "1750000000", "2026-06-15T00:00:00Z"])
    @pytest.mark.parametrize("name", ["date_from", "date_to"])
    def test_an_invalid_bound_is_named(self, events: Api, name: str, value: str) -> None:
        answer = events.call("list", query={name: value})
        assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (400, [name])

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("starts_at_from", "2026-06-15"), ("starts_at_from", "2026-06-15T09:30:00"), ("starts_at_to", "1750000000"),
            ("starts_at_to", "0001-01-01T00:00:00+01:00"), ("starts_at_to", "9999-12-31T23:59:59-01:00"),
            ("ends_on_from", "null"), ("seats_to", "null"), ("seats_to", "many"), ("seats_to", "1" * 39),
            ("seats_to", "1.5"), ("price_from", "NaN"), ("price_from", "Infinity"), ("price_from", "1e126"),
            ("price_from", "1e999999"), ("code_from", ""), ("code_from", "a" * 257), ("series_from", "1"),
        ],
    )  # fmt: skip
    def test_a_bound_that_the_field_cannot_have_is_named(self, meetings: Api, name: str, value: str) -> None:
        answer = meetings.call("list", query={name: value})
        assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (400, [name])

    def test_a_range_that_ends_before_it_starts_is_400_and_names_both_ends(self, events: Api) -> None:
        answer = events.call("list", query={"date_from": "2026-06-16", "date_to": "2026-06-15"})
        assert (answer.status, answer.json["errors"]) == (
            400,
            [
                {"field": "date_from", "detail": "must not be after date_to"},
                {"field": "date_to", "detail": "must not be before date_from"},
            ],
        )

    @pytest.mark.parametrize("order", ["newest", "oldest", "seats", "ends_on", "Starts_at", "--starts_at", ""])
    def test_a_range_in_another_order_is_400(self, meetings: Api, order: str) -> None:
        answer = meetings.call("list", query={"starts_at_from": "2026-06-15T09:30:00Z", "order": order})
        (error,) = answer.json["errors"]
        assert (answer.status, error["field"]) == (400, "order")
        assert error["detail"] == "must be one of: starts_at, -starts_at, with starts_at_from"

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ({"kind": "call"}, ["kind"]),
            ({"kind": "call", "starts_at_from": "2026-06-15T09:30:00Z"}, ["kind", "starts_at_from"]),
            ({"room": "x", "seats_to": "1"}, ["room", "seats_to"]),
            ({"room": "x", "order": "-seats"}, ["room", "order"]),
            ({"room": "x", "ends_on_to": "2026-06-15"}, ["room", "ends_on_to"]),
            ({"room": "x", "fee": "1"}, ["room", "fee"]),
            ({"seats_from": "1", "price_to": "2"}, ["seats_from", "price_to"]),
        ],
    )  # fmt: skip
    def test_a_combination_without_an_index_is_400_and_names_its_parameters(
        self, meetings: Api, query: dict[str, str], fields: list[str]
    ) -> None:
        answer = meetings.call("list", query=query)
        assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (400, fields)
        detail = answer.json["errors"][0]["detail"]
        assert detail.startswith(f"the combination of {' and '.join(fields)} is not supported; supported: ")
        assert "kind and room; fee; a range of starts_at; room and a range of starts_at; " in detail

    def test_a_filter_and_a_range_of_one_field_are_400(self, events: Api) -> None:
        answer = events.call("list", query={"date": "2026-06-15", "date_from": "2026-06-15"})
        assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (400, ["date", "date_from"])


class TestSeveralFilters:
    def test_all_values_must_match(self, meetings: Api, items: list[Item]) -> None:
        assert {item["room"] for item in listed(meetings, kind="visit", room="x#1#y")[0]} == {"x#1#y"}
        assert len(ids(meetings, kind="visit", room="x")) == 2
        assert len(ids(meetings, kind="call", room="x")) == 3

    def test_values_that_contain_separators_are_not_confused(self, meetings: Api) -> None:
        meetings.created(kind="call", room="b#1#visit")
        assert ids(meetings, kind="visit", room="b") == []

    def test_an_item_with_an_empty_field_is_not_in_the_index(self, meetings: Api, items: list[Item]) -> None:
        assert meetings.call("list", query={"kind": "call", "room": ""}).status == 400

    def test_equal_numbers_are_found_in_any_form(self, meetings: Api) -> None:
        made = [meetings.call("create", body=f'{{"fee": {fee}}}').json["id"] for fee in ("1.5", "1.50", "15e-1")]
        assert sorted(ids(meetings, fee="1.500")) == sorted(made)
        zero = meetings.call("create", body='{"fee": -0.0}').json["id"]
        assert ids(meetings, fee="0") == [zero]
        thousand = meetings.call("create", body='{"fee": 1e3}').json["id"]
        assert ids(meetings, fee="1000.0") == [thousand]


class TestLookUp:
    """`?meetingId=` finds one item, if it matches the other parameters too."""

    def look_up(self, meetings: Api, **query: str) -> list[Any]:
        return meetings.call("list", query={"meetingId": "1", **query}).json["meetings"]

    def test_it_is_found_only_within_the_range(self, meetings: Api) -> None:
        item = meetings.created(id="1", seats=10)
        assert self.look_up(meetings, seats_from="9", seats_to="10") == [item]
        assert self.look_up(meetings, seats_from="11") == []
        assert self.look_up(meetings, order="ends_on") == []

    @pytest.mark.parametrize(
        ("order", "after", "found"),
        [("seats", 9, True), ("seats", 11, False), ("-seats", 9, False), ("-seats", 11, True), ("seats", 10, True)],
    )
    def test_it_is_found_only_after_the_cursor(self, meetings: Api, order: str, after: int, found: bool) -> None:
        item = meetings.created(id="1", seats=10)
        cursor = meetings.cursor(after, "2", {"order": order})
        assert self.look_up(meetings, order=order, cursor=cursor) == ([item] if found else [])


class TestTimes:
    def test_they_are_returned_in_utc_with_microseconds(self, meetings: Api) -> None:
        item = meetings.created(starts_at="2026-06-15T11:30:00.5+02:00")
        assert item["starts_at"] == "2026-06-15T09:30:00.500000Z"
        assert meetings.call("read", item["id"]).json == item

    @pytest.mark.parametrize("time", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
    def test_one_that_has_no_equal_in_utc_is_named(self, meetings: Api, time: str) -> None:
        answer = meetings.call("create", body={"starts_at": time})
        expected = [{"field": "starts_at", "detail": "must be from year 1 to 9999 in UTC"}]
        assert (answer.status, answer.json["errors"]) == (400, expected)


@pytest.mark.parametrize("number", ["1" * 39, "1." + "1" * 38, "1e126", "1e-127"])
def test_a_number_that_dynamodb_does_not_store_exactly_is_named(meetings: Api, number: str) -> None:
    answer = meetings.call("create", body=f'{{"price": {number}}}')
    assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (400, ["price"])


def test_a_page_reads_nothing_of_others_and_nothing_that_it_does_not_return(events: Api, queries: list[Query]) -> None:
    mine = [events.created(date=f"2026-06-{day:02}")["id"] for day in range(1, 31)]
    put_items_of_others(events, 10_000, name="a", date="2026-06-15")
    for query, wanted in (
        ({"order": "oldest"}, mine),
        ({"order": "date"}, mine),
        ({"date": "2026-06-15"}, mine[14:15]),
        ({"date_from": "2026-06-11"}, mine[10:]),
        ({"date_from": "2026-06-11", "date_to": "2026-06-20", "order": "-date"}, mine[10:20][::-1]),
    ):
        queries.clear()
        returned = pages(events, **query, limit="4")
        assert [each for page in returned for each in page] == wanted
        assert [each.answer["ScannedCount"] for each in queries] == [len(page) for page in returned]
        # Up to 4 KB are one unit where reads are consistent, and half a unit elsewhere; moto does not know the latter.
        assert all(each.answer["ConsumedCapacity"]["CapacityUnits"] <= 1 for each in queries)
