"""Lists: in order of creation, in pages, without reading more items than are returned."""

from itertools import count

import pytest

from handlers import clock
from tests.unit.handlers.conftest import Api, Query, ids, pages

IDS = ("m", "a", "z", "B", "1")
"""Ids that clients chose, unsorted."""

ORDERS = ("oldest", "newest")


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Advance the clock by a millisecond at each reading."""
    monkeypatch.setattr(clock, "now", count(1_781_515_800_000).__next__)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock."""
    monkeypatch.setattr(clock, "now", lambda: 1_781_515_800_000)


def create_users(users: Api) -> list[str]:
    """Create users with chosen ids and one address; between them, one with another address and one of another owner."""
    for item_id in IDS:
        users.created(id=item_id, email="a@example.com")
        users.created(id=f"other-{item_id}", email="b@example.com")
        users.call("create", body={"id": item_id, "name": "x", "email": "a@example.com"}, owner="local|eve")
    return [each for item_id in IDS for each in (item_id, f"other-{item_id}")]


def in_order(made: list[str], order: str) -> list[str]:
    return made if order == "oldest" else made[::-1]


@pytest.mark.usefixtures("tick")
@pytest.mark.parametrize("limit", ["1", "2", "100"])
@pytest.mark.parametrize("order", ORDERS)
class TestOrder:
    def test_items_with_chosen_ids_are_listed_in_order_of_creation(self, users: Api, order: str, limit: str) -> None:
        made = create_users(users)
        assert ids(users, order=order, limit=limit) == in_order(made, order)

    def test_a_filtered_list_of_chosen_ids_is_in_order_of_creation(self, users: Api, order: str, limit: str) -> None:
        create_users(users)
        assert ids(users, email="a@example.com", order=order, limit=limit) == in_order([*IDS], order)

    def test_items_with_created_ids_are_listed_in_order_of_creation(self, events: Api, order: str, limit: str) -> None:
        made = [events.created(date="2026-06-15")["id"] for _ in range(5)]
        assert ids(events, order=order, limit=limit) == in_order(made, order)
        assert ids(events, date="2026-06-15", order=order, limit=limit) == in_order(made, order)

    def test_a_change_does_not_move_an_item(self, users: Api, order: str, limit: str) -> None:
        made = create_users(users)
        users.call("replace", "a", {"name": "b", "email": "a@example.com"})
        users.call("update", "z", {"name": "b"})
        assert ids(users, order=order, limit=limit) == in_order(made, order)
        assert ids(users, email="a@example.com", order=order, limit=limit) == in_order([*IDS], order)


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("order", ORDERS)
class TestItemsOfOneMillisecond:
    def test_pages_of_one_neither_skip_nor_repeat_chosen_ids(self, users: Api, order: str) -> None:
        made = create_users(users)
        assert sorted(ids(users, order=order, limit="1")) == sorted(made)
        assert sorted(ids(users, email="a@example.com", order=order, limit="1")) == sorted(IDS)

    def test_pages_of_one_neither_skip_nor_repeat_created_ids(self, events: Api, order: str) -> None:
        made = [events.created(date="2026-06-15")["id"] for _ in range(5)]
        assert sorted(ids(events, order=order, limit="1")) == sorted(made)
        assert sorted(ids(events, date="2026-06-15", order=order, limit="1")) == sorted(made)

    def test_each_order_is_the_reverse_of_the_other(self, users: Api, order: str) -> None:
        create_users(users)
        assert ids(users, order=order, limit="3") == ids(users, order=in_order(["newest", "oldest"], order)[0])[::-1]

    def test_a_look_up_with_a_cursor_finds_the_items_that_the_list_returns_after_it(
        self, users: Api, order: str
    ) -> None:
        """It may find items from before the cursor too, because DynamoDB defines no order within a millisecond."""
        made = create_users(users)
        listed, cursor = [], None
        while len(listed) < len(made):
            query = {"order": order, "limit": "1"} | ({"cursor": cursor} if cursor else {})
            for item_id in made:
                found = users.call("list", query=query | {"userId": item_id}).json["users"]
                assert found or item_id in listed
                assert not found or item_id not in listed[-1:]
            page = users.call("list", query=query).json
            listed += [each["id"] for each in page["users"]]
            cursor = page["next_cursor"]


def test_an_id_contains_the_millisecond_of_creation(api: Api) -> None:
    """So ids are in order of creation, in a filter's index too."""
    for _ in range(20):
        item = api.created()
        assert clock.timestamp(int(item["id"].replace("-", "")[:12], 16)) == item["created_at"]


@pytest.mark.parametrize("query", [{}, {"email": "a@example.com"}])
@pytest.mark.parametrize("order", ORDERS)
def test_a_list_reads_exactly_what_it_returns(
    users: Api, query: dict[str, str], order: str, queries: list[Query]
) -> None:
    create_users(users)
    queries.clear()
    returned = pages(users, order=order, limit="2", **query)
    assert [each.answer["ScannedCount"] for each in queries] == [len(page) for page in returned]


def test_a_list_without_an_index_is_read_consistently(api: Api, users: Api, queries: list[Query]) -> None:
    api.call("list")
    users.call("list")
    users.call("list", query={"userId": "1"})
    users.call("list", query={"email": "a@example.com"})
    read = [(each.arguments.get("IndexName"), each.arguments.get("ConsistentRead", False)) for each in queries]
    assert read == [(None, True), ("by_created", False), (None, True), ("by_email", False)]


class TestCursors:
    def test_a_cursor_continues_after_a_deleted_item(self, users: Api) -> None:
        create_users(users)
        page = users.call("list", query={"limit": "2", "order": "oldest"}).json
        users.call("delete", page["users"][-1]["id"])
        rest = ids(users, order="oldest", cursor=page["next_cursor"])
        assert rest == [each for item_id in IDS[1:] for each in (item_id, f"other-{item_id}")]
