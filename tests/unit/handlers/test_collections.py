"""The shipped collections and their options."""

import pytest

from handlers import clock
from tests.unit.handlers.conftest import Api


class TestClientChosenIds:
    def test_a_client_may_choose_an_id(self, users: Api) -> None:
        answer = users.call("create", body={"id": "12345", "name": "Jane Doe", "email": "jane.doe@example.com"})
        assert (answer.status, answer.json["id"], answer.headers["Location"]) == (201, "12345", "users/12345")

    def test_a_taken_id_is_a_conflict(self, users: Api) -> None:
        users.created(id="1", name="first")
        answer = users.call("create", body={"id": "1", "name": "second"})
        assert (answer.status, answer.json["type"]) == (409, "urn:gatehouse:problem:already-exists")
        assert users.call("read", "1").json["name"] == "first"

    def test_two_owners_may_choose_the_same_id(self, users: Api) -> None:
        users.created(id="1")
        assert users.call("create", body={"id": "1", "name": "b"}, owner="local|eve").status == 201

    def test_the_api_creates_an_id_if_the_client_chooses_none(self, users: Api) -> None:
        assert len(users.created()["id"]) == 36

    @pytest.mark.parametrize("item_id", ["", "a b", "/", "-a", 7, None, "é", "a" * 129])
    def test_an_invalid_id_is_named(self, users: Api, item_id: object) -> None:
        answer = users.call("create", body={"id": item_id, "name": "a"})
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "id")


def test_every_mistake_is_named_beside_an_invalid_id_and_the_id_is_an_allowed_field(users: Api) -> None:
    answer = users.call("create", body={"id": "a\n", "nme": "a"})
    requirement = "must be 1 to 128 letters, digits, '.', '_', '~' or '-', starting with a letter or digit"
    assert answer.json["errors"] == [
        {"field": "nme", "detail": "unknown field; allowed: email, id, name"},
        {"field": "name", "detail": "is required"},
        {"field": "id", "detail": requirement},
    ]


@pytest.mark.parametrize("email", ["a", "a@b@c", "a b@c", "\n", "a@b\n", "a\x1d@b", "\ufeffa@b", "a@\x85", None])
def test_an_invalid_address_is_rejected_as_the_documents_pattern_requires(users: Api, email: object) -> None:
    """Regular expressions in Python and ECMAScript differ in what is white space and where a text ends."""
    answer = users.call("create", body={"name": "a", "email": email})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "email")


@pytest.mark.parametrize("operation", ["create", "replace", "update", "list"])
def test_an_invalid_address_is_reported_with_the_requirement(users: Api, operation: str) -> None:
    item_id = users.created()["id"] if operation in ("replace", "update") else ""
    query = {"email": "nobody"} if operation == "list" else None
    answer = users.call(operation, item_id, {"name": "a", "email": "nobody"}, query=query)
    expected = {"field": "email", "detail": "must be an email address"}
    assert (answer.status, answer.json["errors"]) == (400, [expected])


class TestLookUp:
    def test_one_user_is_found_by_id(self, users: Api) -> None:
        user = users.created(id="12345")
        users.created(id="2")
        assert users.call("list", query={"userId": "12345"}).json == {"users": [user], "next_cursor": None}

    def test_an_unknown_id_is_an_empty_list(self, users: Api) -> None:
        users.created(id="1")
        assert users.call("list", query={"userId": "2"}).json["users"] == []
        assert users.call("list", query={"userId": "1"}, owner="local|eve").json["users"] == []

    @pytest.mark.parametrize("query", [{"userId": "a b"}, {"userId": ""}, {"userId": "1", "limit": "0"}])
    def test_an_invalid_look_up_is_400(self, users: Api, query: dict[str, str]) -> None:
        assert users.call("list", query=query).status == 400

    @pytest.mark.parametrize(
        ("others", "after", "found"),
        [
            ({"limit": "2", "order": "oldest"}, (), True),
            ({"email": "b@example.com"}, (), True),
            ({"email": "a@example.com"}, (), False),
            ({"order": "oldest"}, ("00.001", "9"), True),
            ({"order": "oldest"}, ("00.002", "1"), True),
            ({"order": "oldest"}, ("00.002", "2"), False),
            ({"order": "oldest"}, ("00.002", "9"), True),
            ({"order": "oldest"}, ("00.003", "1"), False),
            ({"order": "newest"}, ("00.001", "9"), False),
            ({"order": "newest"}, ("00.002", "1"), True),
            ({"order": "newest"}, ("00.002", "2"), False),
            ({"order": "newest"}, ("00.002", "9"), True),
            ({"order": "newest"}, ("00.003", "1"), True),
        ],
    )
    def test_a_user_is_listed_only_if_it_matches_the_other_parameters_too(
        self,
        users: Api,
        others: dict[str, str],
        after: tuple[str, ...],
        found: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """`after` is an item's time of creation, in seconds after the start of 1970, and its id."""
        monkeypatch.setattr(clock, "now", lambda: 2)
        user = users.created(id="2", email="b@example.com")
        users.created(id="1", email="a@example.com")
        users.created(id="3", email="b@example.com")
        query = {"userId": "2", **others}
        if after:
            query["cursor"] = users.cursor(f"1970-01-01T00:00:{after[0]}Z", after[1], others)
        answer = users.call("list", query=query)
        assert answer.json == {"users": [user] if found else [], "next_cursor": None}


class TestFilters:
    def test_only_matching_items_of_the_caller_are_listed(self, users: Api) -> None:
        mine = users.created(email="a@example.com")
        users.created(email="b@example.com")
        users.call("create", body={"name": "x", "email": "a@example.com"}, owner="local|eve")
        assert users.call("list", query={"email": "a@example.com"}).json["users"] == [mine]

    def test_an_owner_whose_name_looks_like_a_filter_sees_no_data_of_another_owner(self, users: Api) -> None:
        users.created(email="b#email#c@d")
        found = users.call("list", query={"email": "c@d"}, owner="local|ann#email#b")
        assert found.json["users"] == []

    def test_every_write_updates_the_index(self, users: Api) -> None:
        user = users.created(email="a@example.com")
        users.call("replace", user["id"], {"name": "a", "email": "b@example.com"})
        assert users.call("list", query={"email": "a@example.com"}).json["users"] == []
        assert len(users.call("list", query={"email": "b@example.com"}).json["users"]) == 1
        users.call("update", user["id"], {"email": None})
        assert users.call("list", query={"email": "b@example.com"}).json["users"] == []
        assert users.call("read", user["id"]).json["email"] == ""

    def test_a_filtered_list_has_pages(self, events: Api) -> None:
        made = [events.created(date="2026-06-15")["id"] for _ in range(5)]
        events.created(date="2026-06-16")
        seen: list[str] = []
        query = {"date": "2026-06-15", "limit": "2", "order": "oldest"}
        while True:
            page = events.call("list", query=query).json
            seen += [each["id"] for each in page["events"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert seen == sorted(made)

    @pytest.mark.parametrize("date", ["tomorrow", "2026-02-30", ""])
    def test_an_invalid_value_is_named(self, events: Api, date: str) -> None:
        answer = events.call("list", query={"date": date})
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "date")

    def test_attributes_of_the_indexes_are_not_returned(self, users: Api) -> None:
        assert set(users.created(email="a@b")) == {"id", "name", "email", "created_at", "updated_at"}


class TestEvents:
    def test_the_date_must_exist(self, events: Api) -> None:
        assert events.created(date="2026-06-15")["date"] == "2026-06-15"
        for date in ("2026-02-30", "15.06.2026", "2026-06-15T00:00:00Z", 20260615, None):
            answer = events.call("create", body={"name": "a", "date": date})
            assert (answer.status, answer.json["errors"][0]["field"]) == (400, "date"), date

    def test_it_may_be_patched(self, events: Api) -> None:
        event = events.created(date="2026-06-15")
        assert events.call("update", event["id"], {"location": "Berlin"}).json["date"] == "2026-06-15"


@pytest.mark.parametrize("operation", ["create", "read", "replace", "update", "delete"])
def test_only_lists_take_query_parameters(api: Api, operation: str) -> None:
    item_id = "" if operation == "create" else api.created()["id"]
    answer = api.call(operation, item_id, {"name": "a"}, query={"limit": "1"})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "limit")
