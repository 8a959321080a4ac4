"""The handlers with two databases: moto's imitation of DynamoDB, and Amazon's own engine."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import pytest
from moto import mock_aws

from handlers.contract import OPERATIONS, Collection, load_collections
from handlers.cors import CorsPolicy
from handlers.cursor import encode_cursor
from handlers.database import Database, client
from handlers.environment import DAY, Environment
from handlers.lambda_handler import LambdaHandler
from handlers.list_parameters import selection_of
from handlers.store import Position, Store
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from tests.dynamodb.tables import create_table
from tests.unit.handlers.meetings import COLLECTION as MEETINGS

ORIGIN = "http://localhost:3000"
HANDLERS: Mapping[str, LambdaHandler] = {
    operation.name: import_module(f"handlers.{operation.name}").handler for operation in OPERATIONS
}
METHODS = {operation.name: operation.method for operation in OPERATIONS}


@dataclass(frozen=True)
class Answer:
    """A proxy response."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Context:
    """Lambda's context of an invocation, with enough time for a few attempts."""

    milliseconds: int = 2600

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@dataclass(frozen=True)
class Api:
    """The functions of a collection, invoked with events of payload format 1.0."""

    collection: str
    described: Collection
    functions: Mapping[str, LambdaHandler]
    context: Context = Context()

    def call(
        self,
        operation: str,
        item_id: str = "",
        body: Any = None,
        *,
        owner: str = "local|ann",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        event = self.event(operation, item_id, body, owner=owner)
        event["headers"] |= headers or {}
        event["queryStringParameters"] = query
        found = self.functions[operation](event | more, self.context)
        return Answer(found["statusCode"], found["headers"], found["body"])

    def event(self, operation: str, item_id: str = "", body: Any = None, *, owner: str = "local|ann") -> dict[str, Any]:
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        path = f"/{self.collection}/{item_id}" if item_id else f"/{self.collection}"
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
        answer = self.call("create", body={"name": "a", **fields})
        assert answer.status == 201, answer.text
        return answer.json

    def cursor(self, sort_value: Any, item_id: str, query: Mapping[str, str], owner: str = "local|ann") -> str:
        """Return the cursor of a position in the list with these parameters, of which there may be no page."""
        return encode_cursor(Position(sort_value, item_id), selection_of(query, self.described), owner)

    @property
    def dynamodb(self) -> Any:
        return self.functions["read"].dynamodb

    @property
    def table(self) -> str:
        return f"gatehouse-test-{self.collection}"

    def expire_after(self, *, days: int | None) -> None:
        """Let items expire days after they are written from now on; None is never."""
        for function in self.functions.values():
            lifetime = None if days is None else days * DAY
            function.__dict__["environment"] = replace(function.environment, lifetime=lifetime)

    def stored(self) -> list[dict[str, Any]]:
        """Return every item of the table."""
        return self.dynamodb.scan(TableName=self.table)["Items"]


@contextmanager
def collection_api(name: str, dynamodb: Any) -> Iterator[Api]:
    """Yield a collection's functions with a new table."""
    (collection,) = (each for each in (*load_collections(), MEETINGS) if each.name == name)
    api = api_of(collection, dynamodb)
    create_table(name, api.table, dynamodb.meta.endpoint_url, dynamodb.meta.region_name)
    try:
        yield api
    finally:
        dynamodb.delete_table(TableName=api.table)


def api_of(collection: Collection, dynamodb: Any) -> Api:
    """Return a collection's functions; the table may not exist yet."""
    functions = {name: LambdaHandler(name, each.operate) for name, each in HANDLERS.items()}
    api = Api(collection.name, collection, functions)
    cors = CorsPolicy(origins=(ORIGIN, "https://app.example.com"))
    environment = Environment(collection=collection, table=api.table, cors=cors)
    for function in functions.values():
        function.__dict__.update(dynamodb=dynamodb, environment=environment)
    return api


@pytest.fixture(scope="session", params=["moto", pytest.param("dynamodb-local", marks=pytest.mark.java)])
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One client per database for all tests, because creating one takes longer than a test."""
    environment = {
        "AWS_ACCESS_KEY_ID": DEFAULT_ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
    }
    with ExitStack() as stack:
        if request.param == "moto":
            stack.enter_context(mock_aws())
        else:
            environment["AWS_ENDPOINT_URL_DYNAMODB"] = request.getfixturevalue("dynamodb_local_url")
        with pytest.MonkeyPatch.context() as patch:  # only for the client: other tests must not see these
            for name, value in environment.items():
                patch.setenv(name, value)
            made = client()
        yield made


@pytest.fixture
def api(dynamodb: Any) -> Iterator[Api]:
    with collection_api("items", dynamodb) as found:
        yield found


@pytest.fixture
def users(dynamodb: Any) -> Iterator[Api]:
    with collection_api("users", dynamodb) as found:
        yield found


@pytest.fixture
def events(dynamodb: Any) -> Iterator[Api]:
    with collection_api("events", dynamodb) as found:
        yield found


@pytest.fixture
def meetings(dynamodb: Any) -> Iterator[Api]:
    with collection_api("meetings", dynamodb) as found:
        yield found


@dataclass(frozen=True)
class Query:
    """A query that a function made: its arguments and DynamoDB's answer."""

    arguments: Mapping[str, Any]
    answer: Mapping[str, Any]


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[Query]:
    """Record every query."""
    made: list[Query] = []
    original = Database.call

    def call(self: Database, operation: str, **arguments: Any) -> dict[str, Any]:
        capacity = {"ReturnConsumedCapacity": "TOTAL"} if operation == "query" else {}
        answer = original(self, operation, **arguments, **capacity)
        if operation == "query":
            made.append(Query(arguments, answer))
        return answer

    monkeypatch.setattr(Database, "call", call)
    return made


def listed(api: Api, **query: str) -> list[list[dict[str, Any]]]:
    """Return the items of a list, page by page."""
    found: list[list[dict[str, Any]]] = []
    while True:
        page = api.call("list", query=query).json
        found.append(page[api.collection])
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def pages(api: Api, **query: str) -> list[list[str]]:
    """Return the ids of a list, page by page."""
    return [[each["id"] for each in page] for page in listed(api, **query)]


def ids(api: Api, **query: str) -> list[str]:
    """Return the ids of all pages of a list."""
    return [item_id for page in pages(api, **query) for item_id in page]


def put_items_of_others(api: Api, number: int, **fields: Any) -> None:
    """Store items of 1,000 other owners as the handlers store them, so that every index contains them."""
    for begin in range(0, number, 25):
        requests = [{"PutRequest": {"Item": item_of_another(api, each, fields)}} for each in range(begin, begin + 25)]
        api.dynamodb.batch_write_item(RequestItems={api.table: requests})


def item_of_another(api: Api, number: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    store = Store(Database(None, "", 0), f"local|owner-{number % 1000}", api.described)
    return store.put(store.new_item(f"{number}", fields, number))["Item"]
