"""A database in which a table can be restored to a state that a test chooses, and which records and disturbs calls.

Its engine is moto's or Amazon's own, DynamoDB Local. Neither can restore a table to a point in time, so restores and
backups are imitated here: they create a table with the items of a restore point.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.restore.compare import Item, Mode
from infra.restore.point import Clients, PointInTime
from infra.restore.table_restore import Plan, TableRestore

TABLE = "gatehouse-test-items"
POINT = "2026-11-22T14:03:00Z"
TEMPORARY = f"{TABLE}-restore-20261122T140300Z"
KEY_ARN = "arn:aws:kms:us-east-1:000000000000:key/1234"
ACCESS_KEY = "restores"
"""DynamoDB Local has a separate database for each access key."""

WRITES = ("put_item", "delete_item", "update_item", "batch_write_item", "transact_write_items")


def error(code: str, operation: str, message: str = "") -> ClientError:
    """Return an error of AWS."""
    response: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(response, operation)


@dataclass
class Recovery:
    """A client of DynamoDB with imitated restores. `point` is the state of the restore point.

    `disturb` is called with each operation and its arguments, before it is done. Operations are done one after the
    other: moto does not check a condition and write in one step, and cannot scan a table while an item is added.
    """

    client: Any
    point: Sequence[Item] = ()
    disturb: Callable[[str, Mapping[str, Any]], None] = lambda *_: None
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    recorded: bool = True
    recovery: dict[str, Any] = field(default_factory=dict)
    backups: list[dict[str, Any]] = field(default_factory=list)
    description: dict[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] | None = field(default_factory=lambda: {"RestoreInProgress": False})
    lock: Any = field(default_factory=threading.RLock)

    def __getattr__(self, name: str) -> Any:
        own, original = getattr(type(self), f"_{name}", None), getattr(self.client, name)
        if not callable(original) or name == "get_paginator":
            return original if own is None else lambda *a, **more: own(self, *a, **more)

        def call(**arguments: Any) -> Any:
            with self.lock:
                if self.recorded:
                    self.calls.append((name, arguments))
                self.disturb(name, arguments)
                return own(self, **arguments) if own else original(**arguments)

        return call

    def called(self, *names: str) -> list[Mapping[str, Any]]:
        """Return the arguments of each call of these operations."""
        return [arguments for name, arguments in self.calls if name in names]

    def _describe_table(self, **arguments: Any) -> Any:
        table = self.client.describe_table(**arguments)["Table"]
        summary = {} if self.summary is None else {"RestoreSummary": self.summary}
        return {"Table": {**table, **(self.description if arguments["TableName"] == TABLE else summary)}}

    def _describe_continuous_backups(self, **_: Any) -> Any:
        window = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "EarliestRestorableDateTime": datetime(2026, 11, 1, tzinfo=UTC),
            "LatestRestorableDateTime": datetime(2026, 11, 22, 15, tzinfo=UTC),
        }
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": window | self.recovery}}

    def _restore_table_to_point_in_time(self, *, TargetTableName: str, **_: Any) -> None:  # noqa: N803
        keys = {"owner": "HASH", "id": "RANGE"}
        self.client.create_table(
            TableName=TargetTableName,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            BillingMode="PAY_PER_REQUEST",
        )
        fill(self.client, TargetTableName, self.point)

    def _create_backup(self, *, TableName: str, BackupName: str) -> Any:  # noqa: N803
        items = scan(self.client, TableName) if self.recorded else []
        made = {"BackupArn": f"arn:{len(self.backups)}", "BackupName": BackupName, "BackupStatus": "AVAILABLE"}
        self.backups.append({**made, "BackupCreationDateTime": datetime.now(UTC), "items": items})
        return {"BackupDetails": made}

    def _describe_backup(self, *, BackupArn: str) -> Any:  # noqa: N803
        (found,) = (each for each in self.backups if each["BackupArn"] == BackupArn)
        return {"BackupDescription": {"BackupDetails": found}}

    def _get_paginator(self, name: str) -> Any:
        if name != "list_backups":
            return self.client.get_paginator(name)

        @dataclass
        class Pages:
            backups: list[dict[str, Any]]

            def paginate(self, **_: Any) -> Any:
                return [{"BackupSummaries": self.backups}]

        return Pages(self.backups)


def scan(client: Any, table: str = TABLE) -> list[Item]:
    """Return every item of a table, in order of keys."""
    items = [item for page in client.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
    return sorted(items, key=lambda item: (item["owner"]["S"], item["id"]["S"]))


def fill(client: Any, table: str, items: Sequence[Item]) -> None:
    """Store items."""
    for begin in range(0, len(items), 25):
        requests = [{"PutRequest": {"Item": item}} for item in items[begin : begin + 25]]
        client.batch_write_item(RequestItems={table: requests})


def recovery_of(client: Any, present: Sequence[Item] = (), point: Sequence[Item] = ()) -> Recovery:
    """Return a database with the stack's table in the present state, and no other table."""
    for name in client.list_tables()["TableNames"]:
        if name != TABLE:
            client.delete_table(TableName=name)
    for item in scan(client):
        client.delete_item(TableName=TABLE, Key={"owner": item["owner"], "id": item["id"]})
    fill(client, TABLE, present)
    return Recovery(client, point)


def restore(recovery: Recovery, mode: Mode = Mode.MISSING, *, apply: bool = True, **more: Any) -> list[str]:
    """Restore the table, and return the lines of the result."""
    settings: dict[str, Any] = {"segments": 2, **more}
    plan = Plan(point=PointInTime.parse(POINT), mode=mode, apply=apply, **settings)
    return list(TableRestore(TABLE, plan, Clients(recovery, None), lambda _: None, lambda _: None).run())
