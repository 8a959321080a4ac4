"""Conditional requests: entity tags (RFC 9110 §13)."""

import pytest

from handlers.store import Store
from tests.unit.handlers.conftest import Api


class TestIfNoneMatch:
    @pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
    def test_a_client_that_already_has_the_item_gets_304(self, api: Api, form: str) -> None:
        created = api.call("create", body={"name": "a"})
        tag = created.headers["ETag"]
        answer = api.call("read", created.json["id"], headers={"If-None-Match": form.format(tag=tag)})
        assert (answer.status, answer.text, answer.headers["ETag"]) == (304, "", tag)

    def test_a_client_with_an_older_state_gets_the_item(self, api: Api) -> None:
        created = api.call("create", body={"name": "a"})
        api.call("replace", created.json["id"], {"name": "b"})
        answer = api.call("read", created.json["id"], headers={"If-None-Match": created.headers["ETag"]})
        assert (answer.status, answer.json["name"]) == (200, "b")


class TestIfMatch:
    @pytest.mark.parametrize("operation", ["replace", "update", "delete"])
    @pytest.mark.parametrize("form", ["{tag}", '"other", {tag}', "*"])
    def test_the_current_state_may_be_changed(self, api: Api, operation: str, form: str) -> None:
        created = api.call("create", body={"name": "a"})
        body = None if operation == "delete" else {"name": "b"}
        headers = {"If-Match": form.format(tag=created.headers["ETag"])}
        assert api.call(operation, created.json["id"], body, headers=headers).status in (200, 204)

    @pytest.mark.parametrize("operation", ["replace", "update", "delete"])
    @pytest.mark.parametrize("form", ['"other"', "W/{tag}", '""'])
    def test_another_state_may_not_be_changed(self, api: Api, operation: str, form: str) -> None:
        created = api.call("create", body={"name": "a"})
        body = None if operation == "delete" else {"name": "b"}
        headers = {"If-Match": form.format(tag=created.headers["ETag"])}
        answer = api.call(operation, created.json["id"], body, headers=headers)
        assert (answer.status, answer.json["type"]) == (412, "urn:gatehouse:problem:precondition-failed")
        assert api.call("read", created.json["id"]).json == created.json

    @pytest.mark.parametrize("operation", ["replace", "update"])
    def test_an_invalid_body_is_400_in_any_state(self, api: Api, operation: str) -> None:
        item = api.created()
        answer = api.call(operation, item["id"], {"name": 1}, headers={"If-Match": '"other"'})
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "name")

    @pytest.mark.parametrize("operation", ["replace", "update", "delete"])
    def test_an_absent_item_is_not_found(self, api: Api, operation: str) -> None:
        body = None if operation == "delete" else {"name": "b"}
        assert api.call(operation, "absent", body, headers={"If-Match": '"a"'}).status == 404

    def test_only_one_of_two_writers_with_the_same_tag_succeeds(self, api: Api) -> None:
        created = api.call("create", body={"name": "a"})
        headers = {"If-Match": created.headers["ETag"]}
        answers = [api.call("replace", created.json["id"], {"name": name}, headers=headers) for name in ("b", "c")]
        assert [answer.status for answer in answers] == [200, 412]

    def test_a_patch_fails_if_the_item_changes_after_it_was_read(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        created = api.call("create", body={"name": "a"})
        original = Store.read

        def read_then_race(self: Store, item_id: str) -> object:
            found = original(self, item_id)
            monkeypatch.setattr(Store, "read", original)
            self.replace(item_id, {"name": "raced", "description": ""})
            return found

        monkeypatch.setattr(Store, "read", read_then_race)
        headers = {"If-Match": created.headers["ETag"]}
        assert api.call("update", created.json["id"], {"name": "b"}, headers=headers).status == 412

    @pytest.mark.parametrize("header", ["abc", '"a', "", '"a" "b"', ",".join(['"a"'] * 11)])
    def test_an_invalid_list_of_tags_is_named(self, api: Api, header: str) -> None:
        item = api.created()
        answer = api.call("delete", item["id"], headers={"If-Match": header})
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "If-Match")
        assert api.call("read", item["id"]).status == 200

    def test_an_empty_list_of_tags_is_rejected_when_reading_too(self, api: Api) -> None:
        answer = api.call("read", api.created()["id"], headers={"If-None-Match": ""})
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "If-None-Match")


def test_every_write_changes_the_tag(api: Api) -> None:
    created = api.call("create", body={"name": "a"})
    replaced = api.call("replace", created.json["id"], {"name": "a"})
    updated = api.call("update", created.json["id"], {})
    assert len({answer.headers["ETag"] for answer in (created, replaced, updated)}) == 3
