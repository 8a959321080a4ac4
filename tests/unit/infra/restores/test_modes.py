"""Each mode restores exactly what it should, whatever clients do meanwhile, and wherever it is interrupted."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.restore.compare import Item, Mode
from tests.unit.infra.restores.database import TABLE, TEMPORARY, WRITES, recovery_of, restore, scan

Key = tuple[str, str]
State = dict[Key, Item]

OWNERS = ("local|ann", "local|bob", "idem#local|ann")
KEYS = [(owner, item_id) for owner in OWNERS for item_id in ("1", "2", "3")]
NOW = int(time.time())
CONTENTS = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")}, optional={"expires_at": st.sampled_from([NOW - 9000, NOW + 9000])}
)
STATES = st.dictionaries(st.sampled_from(KEYS), CONTENTS)


def item_of(key: Key, content: Mapping[str, Any], updated: str = "2026-01-01T00:00:00.000Z") -> Item:
    """Return an item as a handler stores it. Equal contents have equal revisions."""
    item: Item = {"owner": {"S": key[0]}, "id": {"S": key[1]}, "name": {"S": content["name"]}}
    if "expires_at" in content:
        item["expires_at"] = {"N": str(content["expires_at"])}
    if not is_record(key):
        item |= {"revision": {"S": f"{content['name']}-{updated}"}, "updated_at": {"S": updated}}
    return item


def state(contents: Mapping[Key, Mapping[str, Any]]) -> State:
    return {key: item_of(key, content) for key, content in contents.items()}


def state_of(items: Sequence[Item]) -> State:
    return {(each["owner"]["S"], each["id"]["S"]): each for each in items}


def has_expired(item: Item) -> bool:
    return int(item.get("expires_at", {"N": str(NOW + 1)})["N"]) <= NOW


def is_record(key: Key) -> bool:
    return key[0].startswith("idem#")


def valid(items: State) -> State:
    """Return the items that have not expired. DynamoDB may delete the others, which clients never see, at any time."""
    return {key: item for key, item in items.items() if not has_expired(item)}


def expected(mode: Mode, before: State, present: State) -> State:
    """Return the state after a restore without any other writes: the specification, item by item."""
    visible = valid(present)
    undone = {key for key in visible if mode is not Mode.MISSING and not is_record(key)}
    put_back = {key: item for key, item in valid(before).items() if key not in visible or key in undone}
    removed = undone - before.keys() if mode is Mode.EXACT else set()
    return {key: item for key, item in (present | put_back).items() if key not in removed}


@dataclass
class Disturbance:
    """What happens before the n-th write of the restore: client writes, deletions of expired items, an interruption."""

    client: Any
    writes: Mapping[int, Item]
    expiry_at: int | None
    interrupted_at: int | None
    count: int = 0

    def __call__(self, operation: str, arguments: Mapping[str, Any]) -> None:
        """Count a write."""
        if operation not in WRITES:
            return
        self.count += 1
        if self.count in self.writes:
            self.client.put_item(TableName=TABLE, Item=self.writes[self.count])
        if self.count == self.expiry_at:
            for item in filter(has_expired, scan(self.client)):
                self.client.delete_item(TableName=TABLE, Key={"owner": item["owner"], "id": item["id"]})
        if self.count == self.interrupted_at:
            raise KeyboardInterrupt


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mode=st.sampled_from(Mode),
    before=STATES,
    present=STATES,
    clients=st.dictionaries(st.integers(1, 6), st.sampled_from(KEYS[:6]), max_size=3),
    expiry_at=st.none() | st.integers(1, 6),
    interrupted_at=st.none() | st.integers(1, 6),
)
def test_the_result_is_exact_and_no_write_of_a_client_is_lost(
    dynamodb: Any,
    mode: Mode,
    before: Any,
    present: Any,
    clients: Mapping[int, Key],
    expiry_at: int | None,
    interrupted_at: int | None,
) -> None:
    old, new = state(before), state(present)
    later = "2099-01-01T00:00:00.000Z"
    writes = {count: item_of(key, {"name": "client"}, later) for count, key in clients.items()}
    recovery = recovery_of(dynamodb, [*new.values()], [*old.values()])
    recovery.disturb = disturbance = Disturbance(dynamodb, writes, expiry_at, interrupted_at)
    with suppress(KeyboardInterrupt):
        restore(recovery, mode)
    restore(recovery, mode)
    done = {key: writes[count] for count, key in sorted(clients.items()) if count <= disturbance.count}
    result, wanted = state_of(scan(dynamodb)), expected(mode, old, new) | done
    assert valid(result) == valid(wanted)
    assert all(wanted.get(key) == each for key, each in result.items()), "no expired item is put back"
    assert TEMPORARY not in dynamodb.list_tables()["TableNames"]
    assert valid(state_of(recovery.backups[0]["items"])) == valid(new), "what it was before is in the first backup"
