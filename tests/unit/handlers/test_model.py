"""The handlers against a dictionary, over DynamoDB as moto plays it."""

from contextlib import ExitStack
from typing import Any

from tests import model
from tests.unit.handlers.conftest import Api, collection_api


def call(apis: dict[str, Api], asked: model.Asked) -> model.Answer:
    """One request as an event for the function that serves it."""
    operation = OPERATIONS[asked.method, bool(asked.item_id)]
    answer = apis[asked.collection].call(
        operation,
        asked.item_id,
        asked.text,
        owner=f"local|{asked.owner}",
        headers=asked.headers,
        query=asked.query or None,
        httpMethod=asked.method,
    )
    return model.Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.text)


OPERATIONS = {
    ("GET", False): "list", ("HEAD", False): "list", ("POST", False): "create", ("GET", True): "read",
    ("HEAD", True): "read", ("PUT", True): "replace", ("PATCH", True): "update", ("DELETE", True): "delete",
}  # fmt: skip


def test_the_handlers_and_a_dictionary_agree(dynamodb: Any) -> None:
    with ExitStack() as stack:

        def fresh() -> model.Call:
            """Empty tables for each example: moto takes longer the more it holds."""
            stack.close()
            apis = {name: stack.enter_context(collection_api(name, dynamodb)) for name in model.COLLECTIONS}
            return lambda asked: call(apis, asked)

        model.run(fresh, examples=40, steps=40)
