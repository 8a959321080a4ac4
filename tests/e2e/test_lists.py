"""Lists over HTTP: ranges, orders and cursors, and the indexes that they are read from."""

import uuid
from typing import Any

import pytest

from handlers.contract import load_collections
from local.provider import Provider
from local.running_stack import RunningStack
from tests.e2e.conftest import Client


@pytest.fixture
def token(client: Client) -> str:
    """A token of a new subject with an event on each day from the 10th to the 15th."""
    token = client.token(f"lists-{uuid.uuid4()}")
    for day in (12, 10, 15, 11, 14, 13):
        body = {"name": f"{day}", "date": f"2026-06-{day}"}
        assert client.call("POST", "/events", token, json=body).status_code == 201
    return token


def days(client: Client, token: str, **query: Any) -> list[int]:
    """Return the days of all pages of a list of events."""
    found: list[int] = []
    while True:
        page = client.call("GET", "/events", token, params=query).json()
        found += [int(each["name"]) for each in page["events"]]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"date_from": "2026-06-12"}, [12, 13, 14, 15]),
        ({"date_to": "2026-06-12", "order": "-date"}, [12, 11, 10]),
        ({"date_from": "2026-06-11", "date_to": "2026-06-13", "order": "date"}, [11, 12, 13]),
        ({"order": "-date"}, [15, 14, 13, 12, 11, 10]),
        ({"order": "oldest"}, [12, 10, 15, 11, 14, 13]),
        ({"date": "2026-06-13"}, [13]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_list_has_the_requested_items_in_order(
    client: Client, token: str, query: dict[str, str], expected: list[int], limit: int
) -> None:
    assert days(client, token, **query, limit=limit) == expected


def test_a_changed_date_moves_the_event(client: Client, token: str) -> None:
    (event,) = client.call("GET", "/events", token, params={"date": "2026-06-13"}).json()["events"]
    assert client.call("PATCH", f"/events/{event['id']}", token, json={"date": "2026-06-01"}).status_code == 200
    assert days(client, token, order="date") == [13, 10, 11, 12, 14, 15]


def test_invalid_requests_name_their_parameters(client: Client, token: str) -> None:
    cursor = client.call("GET", "/events", token, params={"order": "date", "limit": 1}).json()["next_cursor"]
    changed = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    for query, fields in (
        ({"date_from": "2026-06-13", "date_to": "2026-06-12"}, ["date_from", "date_to"]),
        ({"date_from": "June"}, ["date_from"]),
        ({"date": "2026-06-13", "date_from": "2026-06-12"}, ["date", "date_from"]),
        ({"date_to": "2026-06-12", "order": "oldest"}, ["order"]),
        ({"order": "date", "cursor": changed}, ["cursor"]),
        ({"order": "-date", "cursor": cursor}, ["cursor"]),
    ):
        answer = client.call("GET", "/events", token, params=query)
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, fields)
    stranger = client.token(f"lists-{uuid.uuid4()}")
    assert client.call("GET", "/events", stranger, params={"order": "date", "cursor": cursor}).status_code == 400


def test_each_table_has_the_indexes_that_its_collection_asks_for(stack: RunningStack) -> None:
    provider = Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account)
    dynamodb = provider.connection.client("dynamodb")
    for collection in load_collections():
        described = dynamodb.describe_table(TableName=f"gatehouse-local-{collection.name}")["Table"]
        found = {
            index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
            for index in described.get("GlobalSecondaryIndexes", ())
        }
        assert found == {index.name: [index.partition_key, index.order] for index in collection.indexes}
