"""The handlers, with moto's DynamoDB, compared with a dictionary."""

from contextlib import ExitStack
from typing import Any

from tests import model
from tests.unit.handlers.conftest import Api, collection_api


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


def test_the_handlers_and_a_dictionary_agree(dynamodb: Any) -> None:
    with ExitStack() as stack:

        def start() -> model.Call:
            """Create empty tables for each example, because moto is slower with more items."""
            stack.close()
            apis = {name: stack.enter_context(collection_api(name, dynamodb)) for name in model.COLLECTIONS}
            return lambda request: call(apis, request)

        model.run(start, examples=40, steps=40)
