"""Idempotency-Key: repeated requests create one item."""

import time

import pytest

from handlers import clock
from handlers.contract.headers import KEY_LIFETIME
from tests.unit.handlers.conftest import Api

KEY = {"Idempotency-Key": "4c1f0a52"}


def test_the_same_key_and_body_get_the_same_response_and_create_one_item(api: Api) -> None:
    first = api.call("create", body={"name": "a"}, headers=KEY)
    again = api.call("create", body={"name": "a"}, headers=KEY)
    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json
    assert (again.headers["Location"], again.headers["ETag"]) == (first.headers["Location"], first.headers["ETag"])
    assert api.call("list").json["items"] == [first.json]


def test_the_first_response_is_repeated_even_if_the_item_is_deleted(api: Api) -> None:
    first = api.call("create", body={"name": "a"}, headers=KEY)
    api.call("delete", first.json["id"])
    assert api.call("create", body={"name": "a"}, headers=KEY).json == first.json
    assert api.call("list").json["items"] == []


def test_a_different_body_is_rejected(api: Api) -> None:
    api.call("create", body={"name": "a"}, headers=KEY)
    answer = api.call("create", body={"name": "b"}, headers=KEY)
    assert (answer.status, answer.json["type"]) == (422, "urn:gatehouse:problem:key-reused")
    assert len(api.call("list").json["items"]) == 1


def test_two_callers_may_use_the_same_key(api: Api) -> None:
    mine = api.call("create", body={"name": "a"}, headers=KEY)
    theirs = api.call("create", body={"name": "a"}, headers=KEY, owner="local|eve")
    assert theirs.json["id"] != mine.json["id"]


def test_a_key_expires_after_a_day_even_if_the_database_has_not_deleted_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = api.call("create", body={"name": "a"}, headers=KEY)
    later = clock.now() + (KEY_LIFETIME + 1) * 1000
    monkeypatch.setattr(clock, "now", lambda: later)
    again = api.call("create", body={"name": "a"}, headers=KEY)
    assert again.status == 201
    assert again.json["id"] != first.json["id"]


def test_a_failed_request_does_not_use_up_its_key(api: Api) -> None:
    assert api.call("create", body={}, headers=KEY).status == 400
    assert api.call("create", body={"name": "a"}, headers=KEY).status == 201


def test_a_taken_id_is_a_conflict_and_does_not_use_up_the_key(users: Api) -> None:
    users.created(id="1")
    body = {"id": "1", "name": "b"}
    assert users.call("create", body=body, headers=KEY).status == 409
    users.call("delete", "1")
    assert users.call("create", body=body, headers=KEY).status == 201


def test_the_record_of_a_key_is_not_listed_and_cannot_be_read(api: Api) -> None:
    api.call("create", body={"name": "a"}, headers=KEY)
    records = [each for each in api.stored() if each["owner"]["S"].startswith("idem#")]
    assert len(records) == 1
    assert int(records[0]["expires_at"]["N"]) > time.time()
    assert api.call("read", records[0]["id"]["S"]).status == 404


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "a" * 256])
def test_an_invalid_key_is_named(api: Api, key: str) -> None:
    answer = api.call("create", body={"name": "a"}, headers={"Idempotency-Key": key})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "Idempotency-Key")
