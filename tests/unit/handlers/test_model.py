"""The handlers, with each database, compared with a dictionary."""

from contextlib import ExitStack
from dataclasses import replace
from itertools import count
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


EXAMPLES = {"moto": 40, "dynamodb-local": 15}
"""Fewer for the real engine, which takes longer."""

PATIENT = Context(60_000)
"""Enough time for a database on a busy machine."""


@pytest.fixture
def coarse_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Advance the clock by a millisecond at each tenth reading, so that many items are created at the same time."""
    readings = count(1_781_515_800_000 * 10)
    monkeypatch.setattr(clock, "now", lambda: next(readings) // 10)


@pytest.mark.usefixtures("coarse_clock")
def test_the_handlers_and_a_dictionary_agree(dynamodb: Any, request: pytest.FixtureRequest) -> None:
    with ExitStack() as stack:

        def start() -> model.Call:
            """Create empty tables for each example, because moto is slower with more items."""
            stack.close()
            made = {name: stack.enter_context(collection_api(name, dynamodb)) for name in model.COLLECTIONS}
            apis = {name: replace(api, context=PATIENT) for name, api in made.items()}
            return lambda request: call(apis, request)

        model.run(start, examples=EXAMPLES[request.node.callspec.params["dynamodb"]], steps=40)
