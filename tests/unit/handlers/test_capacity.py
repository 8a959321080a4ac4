"""Operations consume the capacity units of DynamoDB that docs/cost.md states, as Amazon's own engine counts them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from handlers.database import client
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from tests.docs.cost import column
from tests.unit.handlers.conftest import Answer, Api

pytestmark = pytest.mark.java

UNITS = column("capacity")
KEY = {"idempotency-key": "once"}


@dataclass
class Meter:
    """The units that calls have consumed, of the table and of its indexes."""

    table: float = 0
    indexes: list[float] = field(default_factory=list)

    def add(self, parsed: dict[str, Any], **_: Any) -> None:
        found = parsed.get("ConsumedCapacity", [])
        for each in found if isinstance(found, list) else [found]:
            self.table += each["Table"]["CapacityUnits"]
            self.indexes += [units["CapacityUnits"] for units in each.get("GlobalSecondaryIndexes", {}).values()]

    def of(self, answer: Answer) -> tuple[float, list[float]]:
        """Return the units of the calls for an answer, and start again."""
        assert answer.status < 300, answer.text
        used = self.table, self.indexes
        self.table, self.indexes = 0, []
        return used


@pytest.fixture(scope="module")
def dynamodb(dynamodb_local_url: str) -> Iterator[Any]:
    """A client of DynamoDB Local: moto does not compute units."""
    environment = {
        "AWS_ACCESS_KEY_ID": DEFAULT_ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_local_url,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield client()


@pytest.fixture
def meter(dynamodb: Any) -> Iterator[Meter]:
    """Measure all calls of a test."""
    found = Meter()
    handlers = {"provide-client-params.dynamodb": _ask, "after-call.dynamodb": found.add}
    for event, handler in handlers.items():
        dynamodb.meta.events.register(event, handler)
    yield found
    for event, handler in handlers.items():
        dynamodb.meta.events.unregister(event, handler)


def _ask(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "INDEXES"


def test_writes_of_a_collection_without_indexes(api: Api, meter: Meter) -> None:
    body = {"name": "a"}
    assert meter.of(api.call("create", body=body)) == (UNITS["create_writes"], [])
    assert meter.of(api.call("create", body=body, headers=KEY)) == (UNITS["keyed_writes"], [])
    item_id = api.created(**body)["id"]
    meter.of(api.call("read", item_id))
    assert meter.of(api.call("update", item_id, body)) == (UNITS["update_reads"] + UNITS["update_writes"], [])
    assert meter.of(api.call("replace", item_id, body)) == (UNITS["replace_writes"], [])
    assert meter.of(api.call("delete", item_id)) == (UNITS["delete_writes"], [])


def test_writes_of_indexes(events: Api, meter: Meter) -> None:
    body, other = ({"name": "a", "date": date} for date in ("2026-01-01", "2026-01-02"))
    two = [UNITS["index_writes"]] * 2
    assert meter.of(events.call("create", body=body)) == (UNITS["create_writes"], two)
    item_id = events.created(**body)["id"]
    meter.of(events.call("read", item_id))
    assert meter.of(events.call("replace", item_id, {**body, "name": "b"})) == (UNITS["replace_writes"], two)
    assert meter.of(events.call("replace", item_id, other)) == (UNITS["replace_writes"], [UNITS["moved_writes"]] * 2)
    assert meter.of(events.call("delete", item_id)) == (UNITS["delete_writes"], two)


def test_dynamodb_local_counts_a_transaction_twice_if_the_table_has_indexes(events: Api, meter: Meter) -> None:
    """AWS documents two units for each KB that a transaction writes, which it counts in a table without indexes."""
    keyed = events.call("create", body={"name": "a", "date": "2026-01-01"}, headers=KEY)
    assert meter.of(keyed) == (2 * UNITS["keyed_writes"], [2 * UNITS["keyed_index_writes"]] * 2)


def test_reads_and_lists(events: Api, meter: Meter) -> None:
    body = {"name": "a", "date": "2026-01-01", "location": "x" * 195}
    item_id = ""
    for _ in range(20):
        item_id = events.created(**body)["id"]
    sizes = {sum(len(name) + len(*value.values()) for name, value in item.items()) for item in events.stored()}
    assert sizes == {400}
    meter.of(events.call("read", item_id))
    assert meter.of(events.call("read", item_id)) == (UNITS["read_reads"], [])
    assert meter.of(events.call("list")) == (UNITS["list_reads"], [])
    filtered = events.call("list", query={"date": "2026-01-01"})
    assert meter.of(filtered) == (0, [UNITS["indexed_list_reads"]])
