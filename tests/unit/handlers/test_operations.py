"""The operations, with DynamoDB."""

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import pytest

from handlers import store
from handlers.create import location
from handlers.database import Database
from handlers.store import Store
from tests.unit.handlers.conftest import Api


class TestCreate:
    def test_returns_the_item_and_its_location(self, api: Api) -> None:
        answer = api.call("create", body={"name": "Serverless Guide", "description": "A comprehensive tutorial"})
        assert answer.status == 201
        item = answer.json
        assert item["name"] == "Serverless Guide"
        assert item["description"] == "A comprehensive tutorial"
        assert item["created_at"] == item["updated_at"]
        assert datetime.fromisoformat(item["created_at"]).utcoffset() is not None
        assert urljoin("https://api.example/test/items", answer.headers["Location"]) == (
            f"https://api.example/test/items/{item['id']}"
        )
        assert answer.headers["ETag"].startswith('"')

    @pytest.mark.parametrize("path", ["/items", "/items/", "/prod/items", "/prod/items/", "/base/path/items"])
    def test_the_location_is_correct_under_any_prefix(self, path: str) -> None:
        here = f"https://api.example{path}"
        assert urljoin(here, location(path, "7")) == f"{here.rstrip('/')}/7"

    def test_ids_are_uuids_of_version_7(self, api: Api) -> None:
        assert uuid.UUID(api.created()["id"]).version == 7

    def test_the_owner_and_the_revision_are_not_returned(self, api: Api) -> None:
        assert set(api.created()) == {"id", "name", "description", "created_at", "updated_at"}

    def test_the_owner_comes_from_the_authorizer_and_not_from_the_body(self, api: Api) -> None:
        answer = api.call("create", body={"name": "a", "owner": "local|eve"})
        assert answer.status == 400
        assert answer.json["errors"] == [{"field": "owner", "detail": "unknown field; allowed: description, name"}]


class TestRead:
    def test_returns_the_item(self, api: Api) -> None:
        item = api.created()
        answer = api.call("read", item["id"])
        assert (answer.status, answer.json) == (200, item)

    def test_another_owners_item_is_not_found(self, api: Api) -> None:
        item = api.created()
        assert api.call("read", item["id"], owner="local|eve").status == 404

    @pytest.mark.parametrize("item_id", ["a b", "../x", "a" * 129, "é", "-x", "a#b"])
    def test_an_invalid_id_is_not_found_without_a_call_to_the_database(
        self, api: Api, item_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Database, "call", lambda *_, **__: pytest.fail("the database was called"))
        assert api.call("read", item_id).status == 404

    def test_a_head_request_has_the_headers_and_no_body(self, api: Api) -> None:
        item = api.created()
        answer = api.call("read", item["id"], httpMethod="HEAD")
        assert (answer.status, answer.text) == (200, "")
        assert "ETag" in answer.headers


class TestReplace:
    def test_writes_every_field_and_keeps_the_id_and_the_time_of_creation(self, api: Api) -> None:
        item = api.created(description="old")
        answer = api.call("replace", item["id"], {"name": "b"})
        assert answer.status == 200
        assert answer.json == {**item, "name": "b", "description": "", "updated_at": answer.json["updated_at"]}
        assert answer.json["updated_at"] >= item["updated_at"]

    def test_an_absent_item_is_not_created(self, api: Api) -> None:
        assert api.call("replace", "absent", {"name": "b"}).status == 404
        assert api.call("list").json["items"] == []


class TestUpdate:
    def test_changes_only_what_the_patch_names(self, api: Api) -> None:
        item = api.created(description="old")
        answer = api.call("update", item["id"], {"description": "new"})
        assert answer.status == 200
        assert (answer.json["name"], answer.json["description"]) == ("a", "new")

    def test_null_restores_a_fields_default(self, api: Api) -> None:
        item = api.created(description="old")
        assert api.call("update", item["id"], {"description": None}).json["description"] == ""

    def test_a_required_field_cannot_be_removed(self, api: Api) -> None:
        item = api.created()
        answer = api.call("update", item["id"], {"name": None})
        assert answer.status == 400
        assert answer.json["errors"] == [{"field": "name", "detail": "is required"}]

    def test_an_absent_item_is_not_found(self, api: Api) -> None:
        assert api.call("update", "absent", {"name": "b"}).status == 404

    def test_a_concurrent_change_is_not_lost(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        item = api.created()
        original, raced = Store.read, False

        def read_then_race(self: Store, item_id: str) -> store.Item:
            nonlocal raced
            found = original(self, item_id)
            if not raced:
                raced = True
                self.replace(item_id, {"name": "raced", "description": ""})
            return found

        monkeypatch.setattr(Store, "read", read_then_race)
        answer = api.call("update", item["id"], {"description": "mine"})
        assert (answer.json["name"], answer.json["description"]) == ("raced", "mine")


class TestDelete:
    def test_the_item_no_longer_exists(self, api: Api) -> None:
        item = api.created()
        answer = api.call("delete", item["id"])
        assert (answer.status, answer.text) == (204, "")
        assert api.call("read", item["id"]).status == 404
        assert api.call("delete", item["id"]).status == 404

    def test_another_owners_item_is_not_deleted(self, api: Api) -> None:
        item = api.created()
        assert api.call("delete", item["id"], owner="local|eve").status == 404
        assert api.call("read", item["id"]).status == 200


class TestList:
    def test_only_the_callers_own_items_are_listed(self, api: Api) -> None:
        mine = api.created()
        assert api.call("list").json == {"items": [mine], "next_cursor": None}
        assert api.call("list", owner="local|eve").json == {"items": [], "next_cursor": None}

    def test_pages_neither_skip_nor_repeat_items(self, api: Api) -> None:
        made = [api.created(name=f"n{number}")["id"] for number in range(5)]
        seen: list[str] = []
        query: dict[str, Any] = {"limit": "2", "order": "oldest"}
        while True:
            page = api.call("list", query=query).json
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query = {**query, "cursor": page["next_cursor"]}
        assert seen == sorted(made)

    def test_the_newest_items_come_first_by_default(self, api: Api) -> None:
        made = sorted(api.created()["id"] for _ in range(3))
        assert [item["id"] for item in api.call("list").json["items"]] == made[::-1]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("limit", "0"), ("limit", "101"), ("limit", "-1"), ("limit", "1.5"), ("limit", ""), ("limit", "٣"),
            ("order", "random"), ("cursor", "§"), ("cursor", ""), ("cursor", "AAAA="), ("cursor", "Li4v"),
            ("page", "2"), ("email", "a@b"),
        ],
    )  # fmt: skip
    def test_an_invalid_parameter_is_named(self, api: Api, name: str, value: str) -> None:
        answer = api.call("list", query={name: value})
        assert answer.status == 400
        assert [error["field"] for error in answer.json["errors"]] == [name]

    def test_a_repeated_parameter_is_rejected(self, api: Api) -> None:
        answer = api.call("list", query={"limit": "2"}, multiValueQueryStringParameters={"limit": ["1", "2"]})
        assert answer.status == 400
