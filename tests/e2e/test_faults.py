"""Faults between the handlers and the database: changes are made once or not at all, and never partially.

The handlers run in this process, and use the emulator through a proxy that simulates faults.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from handlers import database
from handlers.contract import load_collections
from local.emulator.launch import Options, free_port, start
from tests.e2e.faulty_database import (
    FAULTS,
    REJECTED,
    WRITTEN,
    Exchange,
    Fault,
    FaultyDatabase,
    answers_late,
    faulty_database,
    never_answers,
    passes,
)
from tests.unit.handlers.conftest import Answer, Api, Context, collection_api

CONNECT_TIMEOUT, READ_TIMEOUT = 0.1, 0.4
REMAINING = 1.6
"""Seconds that an invocation has left: enough for one attempt that times out, and some more."""

ENOUGH = 30.0
"""Seconds that an invocation has left where a retry must succeed, even on a busy machine."""

LATE = 2.0
"""Seconds of tolerance for a busy machine. Without the deadline, retries would take ten times READ_TIMEOUT."""


@dataclass(frozen=True)
class Faulty:
    """The functions of the collections: through the proxy with REMAINING or ENOUGH time, and without the proxy."""

    proxy: FaultyDatabase
    proxied: dict[str, Api]
    patient: dict[str, Api]
    direct: dict[str, Api]

    def read(self, collection: str, item_id: str, owner: str) -> Answer:
        return self.direct[collection].call("read", item_id, owner=owner)

    def listed(self, collection: str, owner: str) -> list[dict[str, Any]]:
        return self.direct[collection].call("list", query={"limit": "100"}, owner=owner).json[collection]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    options = Options(state=tmp_path_factory.mktemp("emulator"), port=free_port())
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        emulator = stack.enter_context(start(options))
        patch.setenv("AWS_ACCESS_KEY_ID", emulator.options.account)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        patch.setenv("AWS_DEFAULT_REGION", options.region)
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", emulator.endpoint_url)
        names = [collection.name for collection in load_collections()]
        direct_client = database.client()
        direct = {name: stack.enter_context(collection_api(name, direct_client)) for name in names}
        proxy = stack.enter_context(faulty_database(emulator.endpoint_url))
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", proxy.url)
        patch.setattr(database, "CONNECT_TIMEOUT", CONNECT_TIMEOUT)
        patch.setattr(database, "READ_TIMEOUT", READ_TIMEOUT)
        client = database.client()
        proxied = {name: with_client(each, client) for name, each in direct.items()}
        patient = {name: replace(each, context=Context(int(ENOUGH * 1000))) for name, each in proxied.items()}
        yield Faulty(proxy, proxied, patient, direct)
        proxy.plan(passes)


def with_client(api: Api, client: Any) -> Api:
    """Return the same functions with another client of the database."""
    functions = {name: type(each)(name, each.operate) for name, each in api.functions.items()}
    for name, function in functions.items():
        function.__dict__.update(dynamodb=client, environment=api.functions[name].environment)
    return replace(api, functions=functions, context=Context(int(REMAINING * 1000)))


@pytest.fixture
def owner() -> str:
    return f"local|{uuid.uuid4()}"


@dataclass(frozen=True)
class Change:
    """A change of data: the operation, its request, and the status of a success."""

    operation: str
    status: int
    body: Any = None
    headers: tuple[str, str] | None = None
    collection: str = "items"

    def call(self, functions: dict[str, Api], owner: str, before: Answer) -> Answer:
        item_id = "" if self.operation == "create" else before.json["id"]
        name, value = self.headers or ("X-None", "")
        headers = {name: value.format(tag=before.headers["ETag"])}
        api = functions[self.collection]
        return api.call(self.operation, item_id, self.body, owner=owner, headers=headers)


IF_MATCH = ("If-Match", "{tag}")
CHANGES = {
    "create": Change("create", 201, {"name": "new"}),
    "create with a key": Change("create", 201, {"name": "new"}, ("Idempotency-Key", "k")),
    "create under a chosen id": Change("create", 201, {"id": "1", "name": "new"}, collection="users"),
    "create once under a chosen id": Change(
        "create", 201, {"id": "1", "name": "new"}, ("Idempotency-Key", "k"), collection="users"
    ),
    "replace": Change("replace", 200, {"name": "new"}),
    "replace if it matches": Change("replace", 200, {"name": "new"}, IF_MATCH),
    "update": Change("update", 200, {"name": "new"}),
    "update if it matches": Change("update", 200, {"name": "new"}, IF_MATCH),
    "delete": Change("delete", 204),
    "delete if it matches": Change("delete", 204, None, IF_MATCH),
}


def existing(faulty: Faulty, collection: str, owner: str) -> Answer:
    """Create an item without faults."""
    created = faulty.direct[collection].call("create", body={"name": "old"}, owner=owner)
    assert created.status == 201
    return created


def timed(call: Callable[[], Answer]) -> tuple[Answer, float]:
    started = time.monotonic()
    return call(), time.monotonic() - started


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_change_succeeds_despite_one_fault_and_is_made_once(
    faulty: Faulty, owner: str, change: str, fault: str
) -> None:
    wanted = CHANGES[change]
    before = existing(faulty, wanted.collection, owner)
    faulty.proxy.plan(FAULTS[fault], passes)
    answer = wanted.call(faulty.patient, owner, before)
    assert answer.status == wanted.status, answer.text
    old, listed = before.json, faulty.listed(wanted.collection, owner)
    if wanted.operation == "delete":
        assert listed == []
    elif wanted.operation == "create":
        assert sorted(listed, key=lambda item: item["name"]) == [answer.json, old]
    else:
        assert listed == [answer.json]
        assert (answer.json["id"], answer.json["name"]) == (old["id"], "new")
        assert faulty.read(wanted.collection, old["id"], owner).headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_succeeds_despite_one_fault(faulty: Faulty, owner: str, fault: str) -> None:
    before = existing(faulty, "items", owner)
    api = faulty.patient["items"]
    faulty.proxy.plan(FAULTS[fault], passes)
    assert api.call("read", before.json["id"], owner=owner).json == before.json
    faulty.proxy.plan(FAULTS[fault], passes)
    assert api.call("list", owner=owner).json["items"] == [before.json]
    faulty.proxy.plan(FAULTS[fault], passes)
    assert api.call("read", "absent", owner=owner).status == 404


@pytest.mark.parametrize("fault", FAULTS)
def test_a_permanent_fault_is_503_in_time_and_leaves_no_partial_change(
    faulty: Faulty, owner: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty.proxy.plan(passes)
    owners = {name: f"{owner}-{number}" for number, name in enumerate(CHANGES)}
    before = {name: existing(faulty, change.collection, owners[name]) for name, change in CHANGES.items()}
    faulty.proxy.plan(FAULTS[fault])

    def call(name: str) -> tuple[Answer, float]:
        return timed(lambda: CHANGES[name].call(faulty.proxied, owners[name], before[name]))

    with ThreadPoolExecutor(len(CHANGES)) as threads:
        answers = dict(zip(CHANGES, threads.map(call, CHANGES), strict=True))
    time.sleep(0 if fault != "arrives late" else READ_TIMEOUT)
    for name, (answer, seconds) in answers.items():
        assert answer.status == 503, (name, answer)
        assert answer.headers["Retry-After"] == "1"
        assert "secret-detail" not in answer.text
        assert seconds < REMAINING + LATE, name
        assert is_consistent(faulty, CHANGES[name], owners[name], before[name].json), name
    assert "stack" not in capsys.readouterr().out


def is_consistent(faulty: Faulty, change: Change, owner: str, old: dict[str, Any]) -> bool:
    """Return whether the data is either unchanged or completely changed."""
    listed = sorted(faulty.listed(change.collection, owner), key=lambda item: item["name"])
    new = {**old, "name": "new"}
    if change.operation == "delete":
        return listed in ([], [old])
    if change.operation == "create":
        return listed == [old] or (len(listed) == 2 and listed[1] == old and listed[0]["name"] == "new")
    return listed == [old] or [{**each, "updated_at": old["updated_at"]} for each in listed] == [new]


@pytest.mark.parametrize("fault", WRITTEN)
def test_a_creation_that_appeared_to_fail_can_be_retried_with_its_key_and_is_made_once(
    faulty: Faulty, owner: str, fault: str
) -> None:
    api, key = faulty.proxied["items"], {"Idempotency-Key": "k"}
    faulty.proxy.plan(FAULTS[fault])
    assert api.call("create", body={"name": "a"}, owner=owner, headers=key).status == 503
    time.sleep(0 if fault != "arrives late" else READ_TIMEOUT)
    faulty.proxy.plan(passes)
    again = api.call("create", body={"name": "a"}, owner=owner, headers=key)
    assert again.status == 201
    assert faulty.listed("items", owner) == [again.json]


@pytest.mark.parametrize("fault", REJECTED)
def test_deleting_an_absent_item_after_a_rejected_request_is_404(faulty: Faulty, owner: str, fault: str) -> None:
    faulty.proxy.plan(FAULTS[fault], passes)
    assert faulty.patient["items"].call("delete", "absent", owner=owner).status == 404


def test_an_existing_id_is_a_conflict_also_after_a_lost_response(faulty: Faulty, owner: str) -> None:
    faulty.direct["users"].call("create", body={"id": "1", "name": "first"}, owner=owner)
    for fault in WRITTEN.values():
        faulty.proxy.plan(fault, passes)
        answer = faulty.patient["users"].call("create", body={"id": "1", "name": "second"}, owner=owner)
        assert answer.status == 409
    assert [item["name"] for item in faulty.listed("users", owner)] == ["first"]


def test_a_patch_with_concurrent_changes_ends_in_time_if_the_database_is_slow(faulty: Faulty, owner: str) -> None:
    before = existing(faulty, "items", owner)
    item_id = before.json["id"]

    def changes_concurrently(exchange: Exchange) -> None:
        time.sleep(READ_TIMEOUT * 0.8)
        if exchange.operation == "UpdateItem":
            assert faulty.direct["items"].call("replace", item_id, {"name": "other"}, owner=owner).status == 200
        passes(exchange)

    faulty.proxy.plan(changes_concurrently)
    answer, seconds = timed(lambda: faulty.proxied["items"].call("update", item_id, {"name": "new"}, owner=owner))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert seconds < REMAINING + LATE
    assert faulty.read("items", item_id, owner).json["name"] == "other"


class TestStorm:
    """Many clients while one third of the requests fails."""

    def test_acknowledged_changes_are_made_once_and_nothing_else_changes(self, faulty: Faulty) -> None:
        chance = random.Random(7)  # noqa: S311 - not a secret
        quick: list[Fault] = [fault for fault in FAULTS.values() if fault not in (answers_late, never_answers)]
        faulty.proxy.choose = lambda _: chance.choice(quick) if chance.random() < 0.33 else passes
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: self.client(faulty, number), range(4)))

    def client(self, faulty: Faulty, number: int) -> None:
        owner, api = f"local|{uuid.uuid4()}", faulty.proxied["items"]
        known: dict[str, dict[str, Any]] = {}
        chance = random.Random(number)  # noqa: S311 - not a secret
        for step in range(15):
            headers = {"Idempotency-Key": str(step)}
            body = {"name": f"{step}"}
            created = self.until_acknowledged(api, "create", "", body, owner, headers)
            known[created.json["id"]] = created.json
            if chance.random() < 0.5:
                chosen = chance.choice(sorted(known))
                changed = self.until_acknowledged(api, "update", chosen, {"description": f"{step}"}, owner, {})
                known[chosen] = changed.json
            elif len(known) > 1:
                chosen = chance.choice(sorted(known))
                self.until_acknowledged(api, "delete", chosen, None, owner, {}, also=404)
                del known[chosen]
        expected = sorted(known.values(), key=lambda item: item["id"], reverse=True)
        assert faulty.listed("items", owner) == expected

    @staticmethod
    def until_acknowledged(
        api: Api, operation: str, item_id: str, body: Any, owner: str, headers: dict[str, str], also: int = 0
    ) -> Answer:
        while True:
            answer = api.call(operation, item_id, body, owner=owner, headers=headers)
            if answer.status != 503:
                assert answer.status in (200, 201, 204, also), answer
                return answer
