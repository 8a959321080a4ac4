"""The handlers, with each database, compared with a dictionary."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from handlers import clock
from tests import model
from tests.unit.handlers.conftest import Api, Context, collection_api


def call(apis: dict[str, Api], request: model.Request) -> model.Answer:
    """Send a request to the function that serves it."""
    operation = OPERATIONS[request.method, bool(request.item_id)]
    answer = apis[request.collection].call(
        operation,
        request.item_id,
        request.text,
        owner=f"local|{request.owner}",
        headers=request.headers,
        query=request.query or None,
        httpMethod=request.method,
    )
    return model.Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.text)


OPERATIONS = {
    ("GET", False): "list", ("HEAD", False): "list", ("POST", False): "create", ("GET", True): "read",
    ("HEAD", True): "read", ("PUT", True): "replace", ("PATCH", True): "update", ("DELETE", True): "delete",
}  # fmt: skip


EXAMPLES = {"moto": 20, "dynamodb-local": 15}
"""Fewer for the real engine, which takes longer."""

PATIENT = Context(60_000)
"""Enough time for a database on a busy machine."""


MONDAY = 2_000_000_000_000
"""A time in the future: DynamoDB Local deletes expired items, by its own clock."""

DAY = 24 * 3600 * 1000
LIFETIMES = {"events": 2, "users": 3}


@dataclass
class Clock:
    """A clock that advances by a millisecond at each tenth reading, so that many items are created at the same time."""

    readings: int = MONDAY * 10

    def now(self) -> int:
        self.readings += 1
        return self.readings // 10

    def wait(self, days: int) -> None:
        self.readings += days * DAY * 10


@pytest.fixture
def coarse_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(clock, "now", found.now)
    return found


class Tables:
    """Empty tables for each example, because moto is slower with more items."""

    def __init__(self, dynamodb: Any, stack: ExitStack, lifetimes: Mapping[str, int]) -> None:
        self.dynamodb, self.stack, self.lifetimes = dynamodb, stack, lifetimes

    def start(self) -> model.Call:
        self.stack.close()
        apis = {name: self.api(name) for name in model.COLLECTIONS}
        return lambda request: call(apis, request)

    def api(self, name: str) -> Api:
        api = self.stack.enter_context(collection_api(name, self.dynamodb))
        if name in self.lifetimes:
            api.expire_after(days=self.lifetimes[name])
        return replace(api, context=PATIENT)


@pytest.mark.usefixtures("coarse_clock")
def test_the_handlers_and_a_dictionary_agree(dynamodb: Any, request: pytest.FixtureRequest) -> None:
    examples = EXAMPLES[request.node.callspec.params["dynamodb"]]
    with ExitStack() as stack:
        model.run(Tables(dynamodb, stack, {}).start, examples=examples, steps=40)


def test_they_agree_while_items_expire_that_the_database_has_not_deleted(
    dynamodb: Any, request: pytest.FixtureRequest, coarse_clock: Clock
) -> None:
    examples = EXAMPLES[request.node.callspec.params["dynamodb"]] // 4
    with ExitStack() as stack:
        start = Tables(dynamodb, stack, LIFETIMES).start
        model.run_with_lifetimes(start, LIFETIMES, coarse_clock.wait, examples=examples, steps=40)
