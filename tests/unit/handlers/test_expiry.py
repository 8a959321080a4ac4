"""Items that expire: from that second on they do not exist for clients, although DynamoDB deletes them later."""

import json
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from handlers import clock, store
from handlers.environment import DAY, Environment
from infra.packaging.bundles import ROOT
from tests.unit.handlers.conftest import Api, Context, Query, ids, pages

VARIABLES = {"COLLECTION": "items", "TABLE": "t"}


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that advances the clock by seconds."""
    ahead = [0]
    original = clock.now
    monkeypatch.setattr(clock, "now", lambda: original() + ahead[0] * 1000)

    def advance(seconds: float) -> None:
        ahead[0] += int(seconds)

    return advance


@pytest.fixture
def expired(api: Api, wait: Any) -> dict[str, Any]:
    """An item that has expired, and which the database has not deleted."""
    api.expire_after(days=1)
    item = api.created()
    wait(DAY)
    assert len(api.stored()) == 1
    return item


class TestExpiredItems:
    @pytest.mark.parametrize(
        ("operation", "body"),
        [("read", None), ("replace", {"name": "b"}), ("update", {"name": "b"}), ("delete", None)],
    )
    @pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}, {"If-Match": '"other"'}])
    def test_they_are_not_found(
        self, api: Api, expired: dict[str, Any], operation: str, body: Any, headers: dict[str, str]
    ) -> None:
        assert api.call(operation, expired["id"], body, headers=headers).status == 404

    def test_they_are_not_found_at_the_revision_that_they_had(self, api: Api, wait: Any) -> None:
        api.expire_after(days=1)
        answer = api.call("create", body={"name": "a"})
        wait(DAY)
        headers = {"If-Match": answer.headers["ETag"]}
        assert api.call("replace", answer.json["id"], {"name": "b"}, headers=headers).status == 404

    def test_they_are_not_listed(self, api: Api, expired: dict[str, Any]) -> None:
        assert expired["id"] not in ids(api)

    def test_they_are_not_found_by_a_filter_or_by_their_id(self, users: Api, wait: Any) -> None:
        users.expire_after(days=1)
        users.created(id="1", email="c@d")
        wait(DAY)
        assert ids(users, email="c@d") == ids(users, userId="1") == []

    def test_an_id_that_a_client_chooses_is_free_again(self, users: Api, wait: Any) -> None:
        users.expire_after(days=1)
        first = users.created(id="1", email="c@d")
        assert users.call("create", body={"id": "1", "name": "b"}).status == 409
        wait(DAY)
        assert users.created(id="1")["created_at"] > first["created_at"]
        assert ids(users) == ["1"]
        assert ids(users, email="c@d") == []

    def test_an_id_is_free_again_for_an_idempotent_request(self, users: Api, wait: Any) -> None:
        users.expire_after(days=1)
        users.created(id="1")
        wait(DAY)
        headers = {"Idempotency-Key": "k"}
        assert users.call("create", body={"id": "1", "name": "b"}, headers=headers).status == 201


class TestLifetimes:
    def test_an_item_lives_until_the_last_second(self, api: Api, wait: Any) -> None:
        api.expire_after(days=1)
        item = api.created()
        wait(DAY - 2)
        assert api.call("read", item["id"]).status == 200

    @pytest.mark.parametrize("operation", ["replace", "update"])
    def test_every_write_renews_it(self, api: Api, wait: Any, operation: str) -> None:
        api.expire_after(days=2)
        item = api.created()
        wait(DAY)
        assert api.call(operation, item["id"], {"name": "b"}).status == 200
        wait(DAY)
        assert api.call("read", item["id"]).status == 200

    def test_without_one_nothing_expires(self, api: Api, wait: Any) -> None:
        item = api.created()
        assert "expires_at" not in api.stored()[0]
        wait(10_000 * DAY)
        assert ids(api) == [item["id"]]

    def test_an_item_from_before_the_setting_expires_only_after_it_is_written(self, api: Api, wait: Any) -> None:
        item = api.created()
        api.expire_after(days=1)
        wait(2 * DAY)
        assert api.call("update", item["id"], {"name": "b"}).status == 200
        wait(DAY)
        assert api.call("read", item["id"]).status == 404

    def test_an_item_that_is_written_after_the_setting_is_gone_lives_forever(self, api: Api, wait: Any) -> None:
        api.expire_after(days=2)
        kept, other = api.created(), api.created()
        api.expire_after(days=None)
        api.call("update", kept["id"], {"name": "b"})
        wait(3 * DAY)
        assert ids(api) == [kept["id"]]
        assert api.call("read", other["id"]).status == 404

    @pytest.mark.parametrize(
        ("variables", "seconds"),
        [({}, None), ({"LIFETIMES": '{"items":90,"users":1}'}, 90 * DAY), ({"LIFETIMES": '{"users":1}'}, None)],
    )
    def test_they_are_read_from_the_environment(self, variables: dict[str, str], seconds: int | None) -> None:
        assert Environment.read(VARIABLES | variables).lifetime == seconds


class TestResponses:
    def test_a_header_says_when_an_item_expires(self, api: Api) -> None:
        api.expire_after(days=90)
        created = api.call("create", body={"name": "a"})
        for answer in (created, api.call("read", created.json["id"])):
            sunset = parsedate_to_datetime(answer.headers["Sunset"]).timestamp() * 1000
            assert abs(sunset - clock.now() - 90 * DAY * 1000) < 5000

    def test_the_item_itself_does_not_say_it(self, api: Api) -> None:
        api.expire_after(days=90)
        item = api.created()
        assert set(item) == {"id", "name", "description", "created_at", "updated_at"}
        assert api.call("list").json["items"] == [item]

    def test_the_contract_describes_it_and_scripts_may_read_it(self, api: Api) -> None:
        api.expire_after(days=90)
        responses = json.loads((ROOT / "openapi.json").read_text())["paths"]["/items"]["post"]["responses"]
        sent = api.call("create", body={"name": "a"}).headers
        assert "Sunset" in set(sent) & set(responses["201"]["headers"])
        assert "Sunset" in sent["Access-Control-Expose-Headers"].split(", ")

    def test_an_item_that_lives_forever_has_no_such_header(self, api: Api) -> None:
        answer = api.call("create", body={"name": "a"})
        assert "Sunset" not in answer.headers

    def test_a_repeated_request_gets_the_same_one(self, api: Api) -> None:
        api.expire_after(days=2)
        first, second = (
            api.call("create", body={"name": "a"}, headers={"Idempotency-Key": "k"}).headers["Sunset"] for _ in "ab"
        )
        assert first == second


class TestPages:
    """Of 12 items, those at the places in `gone` have expired."""

    @pytest.mark.parametrize("order", ["newest", "oldest"])
    @pytest.mark.parametrize("gone", [range(3), range(4, 9), range(10, 12), range(0, 12, 2), range(12)])
    @pytest.mark.parametrize("limit", [3, 4, 100])
    def test_pages_are_full_and_complete(self, api: Api, wait: Any, order: str, gone: range, limit: int) -> None:
        made = [api.created()["id"] for _ in range(12)]
        api.expire_after(days=1)
        for place in gone:
            api.call("update", made[place], {"name": "b"})
        wait(DAY)
        found = pages(api, limit=str(limit), order=order)
        alive = [item_id for place, item_id in enumerate(made) if place not in gone]
        assert [each for page in found for each in page] == (alive if order == "oldest" else alive[::-1])
        assert all(len(page) == limit for page in found[:-1])

    def test_a_page_is_short_rather_than_slow(
        self, api: Api, wait: Any, queries: list[Query], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api = replace(api, context=Context(60_000))
        monkeypatch.setattr(store, "READ_AHEAD", 1)
        kept = api.created()["id"]
        api.expire_after(days=1)
        for _ in range(store.QUERIES + 1):
            api.created()
        wait(DAY)
        first = api.call("list", query={"limit": "1"}).json
        assert first["items"] == []
        assert len(queries) == store.QUERIES
        rest = api.call("list", query={"limit": "1", "cursor": first["next_cursor"]}).json
        assert [each["id"] for each in rest["items"]] == [kept]

    def test_without_expired_items_a_page_is_one_query(self, api: Api, queries: list[Query]) -> None:
        for _ in range(3):
            api.created()
        assert len(pages(api, limit="2")) == len(queries) == 2
