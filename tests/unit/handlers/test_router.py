"""The handler of a function that serves several routes."""

import json
from typing import Any

import pytest

from handlers import database, router
from handlers.contract import load_collections, routes
from handlers.environment import Environment
from handlers.router import handler

ROUTES = [(route, method) for route in routes(load_collections()) for method in route.operation.methods]


class Recorder:
    """A DynamoDB client that records the table and the operation of each call, and fails."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*, TableName: str = "", TransactItems: Any = (), **_: Any) -> Any:  # noqa: N803
            self.calls.append((TableName or TransactItems[0]["Put"]["TableName"], name))
            raise RuntimeError

        return call


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setenv("TABLE_PREFIX", "gatehouse-test-")
    monkeypatch.setattr("handlers.lambda_handler.shared_client", lambda: recorder)
    router._handler_of.cache_clear()
    return recorder


def event_of(path: str, method: str, version: str) -> dict[str, Any]:
    item_id = "0190d5a0-0000-7000-8000-000000000000"
    context: dict[str, Any] = {"requestId": "r", "path": path}
    authorizer = {"owner": "o", "tenant": "t", "expires": "9999999999"}
    event: dict[str, Any] = {
        "version": version,
        "headers": {"Content-Type": "application/json"},
        "pathParameters": {"id": item_id} if "{id}" in path else None,
        "body": json.dumps({"name": "a", "email": "a@example.com", "date": "2026-01-01", "location": "x"}),
    }
    if version == "2.0":
        context |= {"http": {"method": method}, "authorizer": {"lambda": authorizer}}
        return {**event, "routeKey": f"{method} {path}", "rawPath": path, "requestContext": context}
    return {**event, "httpMethod": method, "resource": path, "requestContext": {**context, "authorizer": authorizer}}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_every_route_is_served_by_its_operation_from_its_own_table(recorder: Recorder, version: str) -> None:
    calls = {
        "list": "query", "create": "put_item", "read": "get_item", "replace": "update_item", "update": "get_item",
        "delete": "delete_item",
    }  # fmt: skip
    for route, method in ROUTES:
        recorder.calls.clear()
        response = handler(event_of(route.path, method, version), None)
        assert response["statusCode"] in (400, 500), response
        expected = (f"gatehouse-test-{route.collection.name}", calls[route.operation.name])
        assert recorder.calls == ([expected] if response["statusCode"] == 500 else []), (route.name, response)
        assert response["statusCode"] == 500 or route.operation.body == "whole"


def test_a_route_that_api_gateway_does_not_send_is_an_error() -> None:
    with pytest.raises(LookupError, match="POST /nothing"):
        handler(event_of("/nothing", "POST", "1.0"), None)


def test_a_function_of_several_collections_derives_the_names_of_their_tables() -> None:
    environment = Environment.read({"TABLE_PREFIX": "gatehouse-x-"}, "items")
    assert (environment.collection.name, environment.table) == ("items", "gatehouse-x-items")
    with pytest.raises(LookupError, match="TABLE_PREFIX"):
        Environment.read({}, "items")


def test_all_operations_share_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("TABLE_PREFIX", "x-")
    router._handler_of.cache_clear()
    clients = {id(router._handler_of(name, "items").dynamodb) for name in ("read", "list", "delete")}
    assert len(clients) == 1
    database.shared_client.cache_clear()
