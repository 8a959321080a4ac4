"""Cursors: where a list continues. A cursor belongs to one list of one owner."""

import base64
import string
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.contract import Collection
from handlers.cursor import CHECKSUM, decode_cursor, encode_cursor
from handlers.list_parameters import selection_of
from handlers.store import Position
from tests.unit.handlers.conftest import Api, ids
from tests.unit.handlers.meetings import COLLECTION

OWNER = "local|ann"
CREATED_AT = "2026-06-15T09:30:00.123Z"
ALPHABET = f"{string.ascii_letters}{string.digits}-_=+/ .é"

LISTS: tuple[tuple[dict[str, str], Any], ...] = (
    ({}, CREATED_AT),
    ({"order": "oldest"}, CREATED_AT),
    ({"room": "x"}, CREATED_AT),
    ({"room": "x", "kind": "call"}, CREATED_AT),
    ({"order": "starts_at"}, "2026-06-15T09:30:00.000000Z"),
    ({"ends_on_from": "2026-06-15"}, "2026-06-16"),
    ({"ends_on_from": "2026-06-14"}, "2026-06-16"),
    ({"ends_on_to": "2026-06-20", "order": "-ends_on"}, "2026-06-16"),
    ({"code_from": "a"}, "a b é"),
    ({"seats_from": "-5"}, -1),
    ({"price_to": "1e50"}, 2**100),
)
"""Lists, and a value of the field by which each is sorted."""


def cursor_of(query: Mapping[str, str], sort_value: Any, item_id: str = "1", owner: str = OWNER) -> str:
    return encode_cursor(Position(sort_value, item_id), selection_of(query, COLLECTION), owner)


def position_of(
    cursor: str, query: Mapping[str, str], owner: str = OWNER, collection: Collection = COLLECTION
) -> Position | None:
    return decode_cursor(cursor, selection_of(query, collection), owner)


class TestPositions:
    @pytest.mark.parametrize("item_id", ["1", "Z~_-.", "a" * 128, "01a1f97f-08f1-7b5a-abae-f739da7cf322"])
    @pytest.mark.parametrize(("query", "sort_value"), LISTS)
    def test_a_cursor_decodes_to_its_position(self, query: dict[str, str], sort_value: Any, item_id: str) -> None:
        assert position_of(cursor_of(query, sort_value, item_id), query) == Position(sort_value, item_id)

    def test_it_contains_no_owner_and_no_filter(self) -> None:
        decoded = base64.urlsafe_b64decode(cursor_of({"room": "secret"}, CREATED_AT) + "==")
        assert decoded[CHECKSUM:].decode() == f"1 {CREATED_AT}"

    def test_it_continues_after_a_deleted_item(self, events: Api) -> None:
        made = [events.created(date=f"2026-06-1{day}")["id"] for day in range(4)]
        page = events.call("list", query={"limit": "2", "order": "date"}).json
        events.call("delete", page["events"][-1]["id"])
        assert ids(events, order="date", cursor=page["next_cursor"]) == made[2:]

    def test_it_may_be_used_with_another_limit(self, events: Api) -> None:
        made = [events.created(date=f"2026-06-1{day}")["id"] for day in range(4)]
        cursor = events.call("list", query={"limit": "1", "order": "date"}).json["next_cursor"]
        assert ids(events, order="date", limit="3", cursor=cursor) == made[1:]


class TestOtherLists:
    @pytest.mark.parametrize(("query", "sort_value"), LISTS)
    def test_a_cursor_of_another_list_is_rejected(self, query: dict[str, str], sort_value: Any) -> None:
        cursor = cursor_of(query, sort_value)
        assert [each for each, _ in LISTS if position_of(cursor, each)] == [query]

    def test_a_cursor_of_another_collection_is_rejected(self) -> None:
        renamed = Collection(name="others", model=COLLECTION.model, example={}, client_ids=True)
        cursor = cursor_of({}, CREATED_AT)
        assert (position_of(cursor, {}) is None, position_of(cursor, {}, collection=renamed)) == (False, None)

    def test_a_cursor_of_another_owner_is_400(self, events: Api) -> None:
        for _ in range(2):
            events.created(date="2026-06-15")
        for query in ({}, {"date": "2026-06-15"}, {"date_from": "2026-06-15"}):
            cursor = events.call("list", query={**query, "limit": "1"}).json["next_cursor"]
            assert events.call("list", query={**query, "cursor": cursor}).status == 200
            answer = events.call("list", owner="local|eve", query={**query, "cursor": cursor})
            assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (400, ["cursor"])

    def test_no_two_lists_have_the_same_identity(self) -> None:
        """Values that contain separators are not confused with those of another list."""
        queries = [{"room": value} for value in ("a", "a#b", 'a","b', "a\0", "a\\", "é", "null")]
        queries += [
            {"room": "a", "kind": "call"},
            {"code_from": "a"},
            {"code_to": "a"},
            {"code_from": "a", "code_to": "a"},
        ]
        identities = {selection_of(query, COLLECTION).identity(OWNER) for query in queries}
        identities |= {selection_of({}, COLLECTION).identity(owner) for owner in (OWNER, "", '","', "null")}
        assert len(identities) == len(queries) + 4


class TestChangedCursors:
    @pytest.mark.parametrize(("query", "sort_value"), LISTS)
    def test_a_change_of_any_character_is_rejected(self, query: dict[str, str], sort_value: Any) -> None:
        cursor, selection = cursor_of(query, sort_value), selection_of(query, COLLECTION)
        for place in range(len(cursor)):
            for character in ("", *ALPHABET):
                for end in (place, place + 1):  # inserted before the character, or instead of it
                    changed = cursor[:place] + character + cursor[end:]
                    assert changed == cursor or decode_cursor(changed, selection, OWNER) is None

    @pytest.mark.parametrize("end", ["", "A", "=", "==", " ", "\n", "§", "\0"])
    def test_a_text_that_no_page_returned_is_400(self, events: Api, end: str) -> None:
        for query in ({}, {"date": "2026-06-15"}, {"date_from": "2026-06-15"}):
            cursor = events.cursor("2026-06-15", "1", query) + end if end else ""
            answer = events.call("list", query={**query, "cursor": cursor})
            assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (400, ["cursor"])
            assert answer.json["errors"][0]["detail"] == "must be the next_cursor of an earlier page of the same list"

    def test_a_cursor_of_an_earlier_version_is_400(self, users: Api) -> None:
        cursor = base64.urlsafe_b64encode(f"{CREATED_AT} 1".encode()).decode().rstrip("=")
        assert users.call("list", query={"cursor": cursor}).status == 400

    @given(data=st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")))
    def test_random_bytes_are_rejected(self, data: bytes) -> None:
        for query, _ in LISTS:
            assert position_of(base64.urlsafe_b64encode(data).decode().rstrip("="), query) is None


IDS = st.text(max_size=40) | st.sampled_from(["1", "a" * 129, "-", "idem#local|eve", " ", "1 2"])
SORT_VALUES = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | st.sampled_from(
        ["", "2026-06-15", "2026-06-14", "a" * 1024, "a" * 1025, "é" * 513, "NaN", "1e999", "1" * 39, "\0"]
    )
    | st.integers()
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(item_id=IDS, sort_value=SORT_VALUES, listed=st.sampled_from([query for query, _ in LISTS]))
def test_a_cursor_with_a_computed_checksum_returns_nothing_of_others(
    meetings: Api, item_id: str, sort_value: Any, listed: dict[str, str]
) -> None:
    """The checksum is no secret. Such a cursor is either rejected, or another start in a list of the caller's items."""
    for owner in (OWNER, "local|eve"):
        for room in ("x", ""):
            body = {"name": owner, "room": room, "ends_on": "2026-06-15", "price": 1}
            meetings.call("create", body={"id": room or "1", **body}, owner=owner)
    try:
        cursor = meetings.cursor(sort_value, item_id, listed)
    except UnicodeEncodeError:
        return
    answer = meetings.call("list", query={**listed, "cursor": cursor})
    assert answer.status in (200, 400), answer.text
    assert answer.status == 400 or {each["name"] for each in answer.json["meetings"]} <= {OWNER}


@pytest.mark.parametrize(
    ("query", "sort_value", "item_id"),
    [
        ({"ends_on_from": "2026-06-15"}, "2026-06-14", "1"), ({"ends_on_to": "2026-06-15"}, "2026-06-16", "1"),
        ({"seats_to": "9"}, 10, "1"), ({"order": "seats"}, "NaN", "1"), ({"order": "seats"}, "1" * 39, "1"),
        ({"order": "code"}, "", "1"), ({"order": "code"}, "a" * 1025, "1"), ({}, CREATED_AT, "-1"),
        ({}, CREATED_AT, ""), ({}, CREATED_AT, "a" * 129),
    ],
)  # fmt: skip
def test_a_position_that_dynamodb_would_reject_is_400(
    meetings: Api, query: dict[str, str], sort_value: Any, item_id: str
) -> None:
    answer = meetings.call("list", query={**query, "cursor": meetings.cursor(sort_value, item_id, query)})
    assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (400, ["cursor"])
