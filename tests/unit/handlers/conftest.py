"""Handlers over DynamoDB as moto plays it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from handlers.create import create
from handlers.delete import delete
from handlers.function import Call, Function
from handlers.http import Response
from handlers.list import list_items
from handlers.read import read
from handlers.replace import replace
from handlers.store import client
from handlers.update import update

TABLE = "gatehouse-test-items"
ORIGIN = "http://localhost:3000"
OPERATIONS: Mapping[str, Callable[[Call], Response]] = {
    "list": list_items, "create": create, "read": read, "replace": replace, "update": update, "delete": delete,
}  # fmt: skip
METHODS = {"list": "GET", "create": "POST", "read": "GET", "replace": "PUT", "update": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True)
class Answer:
    """A proxy response, its body decoded."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Api:
    """The six functions, called with events of payload format 1.0."""

    functions: Mapping[str, Function]

    def call(
        self, operation: str, item_id: str = "", body: Any = None, *, owner: str = "local|ann", **more: Any
    ) -> Answer:
        event = self.event(operation, item_id, body, owner=owner) | more
        found = self.functions[operation](event, None)
        return Answer(found["statusCode"], found["headers"], found["body"])

    def event(self, operation: str, item_id: str = "", body: Any = None, *, owner: str = "local|ann") -> dict[str, Any]:
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        path = f"/items/{item_id}" if item_id else "/items"
        return {
            "httpMethod": METHODS[operation],
            "path": path,
            "headers": {"Content-Type": "application/json", "Origin": ORIGIN},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": {"id": item_id} if item_id else None,
            "body": text,
            "isBase64Encoded": False,
            "requestContext": {
                "path": f"/test{path}",
                "requestId": "request-1",
                "authorizer": {"owner": owner, "expires": str(int(time.time()) + 60), "principalId": owner},
            },
        }

    def created(self, **fields: Any) -> dict[str, Any]:
        return self.call("create", body={"name": "a", **fields}).json


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        "COLLECTION": "items", "TABLE": TABLE, "CORS_ORIGINS": f"{ORIGIN} https://app.example.com",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    with mock_aws():
        cast("Any", boto3).client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("owner", "id")],
        )
        functions = {name: Function(operate) for name, operate in OPERATIONS.items()}
        shared = client()  # making one takes longer than a test
        for function in functions.values():
            function.__dict__["dynamodb"] = shared
        yield Api(functions)
