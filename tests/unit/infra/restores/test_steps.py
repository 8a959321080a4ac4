"""The steps of a restore: what is called, what is shown, and what a continued restore does not do twice."""

import io
import json
import sys
import threading
import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from infra.restore.command import client_config
from infra.restore.compare import Comparison, Difference, Item, Mode
from infra.restore.copy import Copy
from infra.restore.errors import RestoreError
from infra.restore.progress import Progress
from infra.restore.tables import Pace, Reader
from local.emulator.launch import DEFAULT_REGION
from tests.unit.infra.restores.database import (
    ACCESS_KEY,
    KEY_ARN,
    TABLE,
    TEMPORARY,
    WRITES,
    Recovery,
    error,
    recovery_of,
    restore,
    scan,
)


def item(number: int, name: str = "a", size: int = 0) -> Item:
    return {
        "owner": {"S": f"local|{number % 97}"},
        "id": {"S": f"{number:06}"},
        "name": {"S": name},
        "revision": {"S": f"{name}-{number}"},
        "padding": {"S": "x" * size},
    }


@pytest.fixture
def recovery(dynamodb: Any) -> Recovery:
    """Item 0 is equal, 1 was changed, 2 was deleted and 3 was added since the restore point."""
    return recovery_of(dynamodb, [item(0), item(1, "new"), item(3)], [item(0), item(1), item(2)])


def test_without_apply_the_table_is_only_read(recovery: Recovery, dynamodb: Any) -> None:
    before = scan(dynamodb)
    lines = restore(recovery, Mode.EXACT, apply=False)
    assert scan(dynamodb) == before
    assert recovery.called(*WRITES, "create_backup", "delete_table") == []
    assert [line.split() for line in lines if line.startswith("  ")] == [
        ["1", "equal"],
        ["1", "missing:", "deleted", "since", "then:", "to", "be", "put", "back"],
        ["1", "changed", "since", "then:", "to", "be", "rolled", "back"],
        ["1", "added", "since", "then:", "to", "be", "removed"],
    ]
    assert lines[-1].startswith("Nothing was changed.")


def test_a_check_creates_no_table(recovery: Recovery, dynamodb: Any) -> None:
    lines = restore(recovery, apply=False, check=True)
    assert lines[1] == (
        "Restore point: 2026-11-22T14:03:00Z, "
        "within the recovery window (2026-11-01T00:00:00Z to 2026-11-22T15:00:00Z)."
    )
    assert dynamodb.list_tables()["TableNames"] == [TABLE]


def test_the_comparison_that_was_shown_is_applied_to_the_same_temporary_table(
    recovery: Recovery, dynamodb: Any
) -> None:
    restore(recovery, apply=False)
    restore(recovery, apply=False)
    restore(recovery, Mode.EXACT)
    assert scan(dynamodb) == sorted(recovery.point, key=lambda each: each["owner"]["S"])
    assert len(recovery.called("restore_table_to_point_in_time")) == 1


def test_the_temporary_table_is_on_demand_without_indexes_and_encrypted_with_the_same_key(recovery: Recovery) -> None:
    recovery.description = {"SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY_ARN}}
    restore(recovery, apply=False)
    (call,) = recovery.called("restore_table_to_point_in_time")
    assert call == {
        "SourceTableName": TABLE,
        "TargetTableName": TEMPORARY,
        "RestoreDateTime": datetime(2026, 11, 22, 14, 3, tzinfo=UTC),
        "BillingModeOverride": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexOverride": [],
        "LocalSecondaryIndexOverride": [],
        "SSESpecificationOverride": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY_ARN},
    }


def test_the_present_table_is_backed_up_once_before_the_first_write(recovery: Recovery, dynamodb: Any) -> None:
    recovery.disturb = failing("put_item", "InternalServerError")
    with pytest.raises(RestoreError, match="InternalServerError"):
        restore(recovery)
    recovery.disturb = lambda *_: None
    restore(recovery)
    operations = [name for name, _ in recovery.calls]
    assert operations.count("create_backup") == 1
    assert operations.index("create_backup") < operations.index("put_item")


def test_a_later_restore_to_the_same_point_makes_its_own_backup(recovery: Recovery) -> None:
    restore(recovery)
    restore(recovery)
    assert [each["BackupName"] for each in recovery.backups] == [TEMPORARY, TEMPORARY]


def test_the_temporary_table_can_be_kept_and_discarded(recovery: Recovery, dynamodb: Any) -> None:
    restore(recovery, keep=True)
    assert dynamodb.list_tables()["TableNames"] == [TABLE, TEMPORARY]
    assert restore(recovery, apply=False, discard=True) == [f"Deleted the temporary table {TEMPORARY}."]
    assert dynamodb.list_tables()["TableNames"] == [TABLE]
    assert restore(recovery, apply=False, discard=True) == [f"There is no temporary table {TEMPORARY}."]


def test_the_temporary_table_is_not_deleted_if_a_difference_is_left(recovery: Recovery, dynamodb: Any) -> None:
    class Deleting:
        """A client that deletes each item again that is put back."""

        def __call__(self, operation: str, arguments: Mapping[str, Any]) -> None:
            if operation == "batch_get_item" and len(recovery.called("put_item")):
                dynamodb.delete_item(TableName=TABLE, Key={name: item(2)[name] for name in ("owner", "id")})

    recovery.disturb = Deleting()
    with pytest.raises(RestoreError, match=r"1 items of gatehouse-test-items were changed again during the restore"):
        restore(recovery)
    assert TEMPORARY in dynamodb.list_tables()["TableNames"]


def test_another_restore_that_is_running_is_reported(recovery: Recovery, monkeypatch: pytest.MonkeyPatch) -> None:
    other = f"{TABLE}-restore-20200101T000000Z"
    recovery._restore_table_to_point_in_time(TargetTableName=other)
    original = recovery.client.describe_table

    def describe(self: Recovery, *, TableName: str) -> Any:  # noqa: N803
        table = original(TableName=TableName)["Table"]
        return {"Table": table | ({"TableStatus": "CREATING"} if TableName == other else {})}

    monkeypatch.setattr(Recovery, "_describe_table", describe)
    with pytest.raises(RestoreError, match=f"another restore of {TABLE} is running, into {other}"):
        restore(recovery)
    assert recovery.called("restore_table_to_point_in_time") == []


def test_another_restore_is_found_among_more_tables_than_one_answer_has(
    recovery: Recovery, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"{TABLE}-restore-20200101T000000Z"
    first = {"TableNames": [f"{TABLE}-{number:03}" for number in range(100)], "LastEvaluatedTableName": f"{TABLE}-099"}
    last = {"TableNames": [other]}

    def list_tables(self: Recovery, *, ExclusiveStartTableName: str = "") -> Any:  # noqa: N803
        return last if ExclusiveStartTableName == first["LastEvaluatedTableName"] else first

    def get_paginator(self: Recovery, name: str) -> Any:
        return SimpleNamespace(paginate=lambda: [first, last])

    def describe(self: Recovery, *, TableName: str) -> Any:  # noqa: N803
        creating = {"Table": {"TableName": other, "TableStatus": "CREATING"}}
        return creating if TableName == other else self.client.describe_table(TableName=TableName)

    monkeypatch.setattr(Recovery, "_list_tables", list_tables, raising=False)
    monkeypatch.setattr(Recovery, "_get_paginator", get_paginator)
    monkeypatch.setattr(Recovery, "_describe_table", describe)
    with pytest.raises(RestoreError, match=f"another restore of {TABLE} is running, into {other}"):
        restore(recovery)


class Client:
    """A client of the API that writes between the comparison and the first write of the restore."""

    def __init__(self, dynamodb: Any, written: Item | None, key: Item) -> None:
        self.dynamodb, self.written, self.key, self.done = dynamodb, written, key, False

    def __call__(self, operation: str, _: Mapping[str, Any]) -> None:
        if operation in WRITES and not self.done:
            self.done = True
            if self.written is None:
                self.dynamodb.delete_item(TableName=TABLE, Key={name: self.key[name] for name in ("owner", "id")})
            else:
                self.dynamodb.put_item(TableName=TABLE, Item=self.written)


EXPIRING = {**item(4, "a"), "expires_at": {"N": "4000000000"}}
RENEWED = {**EXPIRING, "expires_at": {"N": "4000000009"}}
LATER = {"updated_at": {"S": "2099-01-01T00:00:00.000Z"}}
"""A client's writes after the restore began, which a verification keeps."""


@pytest.mark.parametrize(
    ("present", "point", "written", "expected"),
    [
        pytest.param([], [item(2)], item(2, "client") | LATER, item(2, "client") | LATER, id="created"),
        pytest.param([item(1, "new")], [item(1)], item(1, "client") | LATER, item(1, "client") | LATER, id="changed"),
        pytest.param([item(3)], [], item(3, "client") | LATER, item(3, "client") | LATER, id="added-and-changed"),
        pytest.param([EXPIRING], [], RENEWED | LATER, RENEWED | LATER, id="renewed"),
        pytest.param([item(3)], [], None, None, id="added-and-deleted"),
    ],
)
def test_a_client_that_writes_between_the_comparison_and_the_copy_wins(
    recovery: Recovery, dynamodb: Any, present: list[Item], point: list[Item], written: Item | None, expected: Any
) -> None:
    database = recovery_of(dynamodb, present, point)
    database.disturb = Client(dynamodb, written, (present or point)[0])
    restore(database, Mode.EXACT)
    assert scan(dynamodb) == ([] if expected is None else [expected])


def test_a_write_that_is_repeated_because_its_answer_was_lost_is_counted(recovery: Recovery, dynamodb: Any) -> None:
    database = recovery_of(dynamodb, [], [item(2)])
    database.disturb = Client(dynamodb, item(2), item(2))
    assert f"Table {TABLE}: 1 put back." in restore(database)


def test_an_item_that_a_client_is_writing_in_a_transaction_is_left_to_the_client(
    recovery: Recovery, dynamodb: Any
) -> None:
    database = recovery_of(dynamodb, [], [item(1), item(2)])

    def conflict(operation: str, arguments: Mapping[str, Any]) -> None:
        if operation == "put_item" and arguments["Item"] == item(2):
            dynamodb.put_item(TableName=TABLE, Item=item(2, "client") | LATER)
            raise error("TransactionConflictException", "PutItem")

    database.disturb = conflict
    assert f"Table {TABLE}: 1 put back." in restore(database)
    assert scan(dynamodb) == [item(1), item(2, "client") | LATER]


def test_nothing_is_removed_if_another_restore_deletes_the_temporary_table(recovery: Recovery, dynamodb: Any) -> None:
    database = recovery_of(dynamodb, [item(1), item(3)], [item(1)])

    def finish(operation: str, arguments: Mapping[str, Any]) -> None:
        if operation == "scan" and arguments["TableName"] == TABLE:
            dynamodb.delete_table(TableName=TEMPORARY)
            database.disturb = lambda *_: None

    database.disturb = finish
    with pytest.raises(RestoreError, match="BatchGetItem: ResourceNotFoundException"):
        restore(database, Mode.EXACT)
    assert scan(dynamodb) == [item(1), item(3)]


def test_values_of_every_type_are_compared_and_restored_and_sets_have_no_order(
    recovery: Recovery, dynamodb: Any
) -> None:
    def types(*elements: str) -> Item:
        values = {"B": b"\x00\xff", "N": "-1.5", "BOOL": False, "NULL": True, "SS": [*elements]}
        sets = {"NS": [str(len(each)) for each in elements], "BS": [each.encode() for each in elements]}
        attributes = {name: {name: value} for name, value in (values | sets).items()}
        return {"M": {"M": attributes}, "L": {"L": [*attributes.values()]}, **attributes}

    present = [item(1) | types("a", "bb", "ccc"), item(2)]
    point = [item(1) | types("ccc", "bb", "a"), item(2) | types("a", "bb"), item(3) | types("a")]
    database = recovery_of(dynamodb, present, point)
    assert "         1 equal" in "".join(restore(database, Mode.EXACT, apply=False))
    restore(database, Mode.EXACT)
    assert len(database.called("put_item")) == 2
    compare = Comparison(datetime.now(UTC), 0).difference
    assert {compare(*pair) for pair in zip(point, scan(dynamodb), strict=True)} == {Difference.SAME}
    assert compare(item(4) | types("a"), item(4) | types("b")) is Difference.CHANGED


def test_an_item_that_a_client_deletes_before_it_is_rolled_back_is_not_put_back_unseen(
    recovery: Recovery, dynamodb: Any
) -> None:
    database = recovery_of(dynamodb, [item(1, "new")], [item(1)])
    database.disturb = Client(dynamodb, None, item(1))
    with pytest.raises(RestoreError, match="1 items of gatehouse-test-items were changed again during the restore"):
        restore(database, Mode.CHANGED)
    assert scan(dynamodb) == []


def failing(operation: str, code: str, message: str = "no") -> Any:
    def disturb(name: str, _: Mapping[str, Any]) -> None:
        if name == operation:
            raise error(code, recovery_operation(name), message)

    return disturb


def recovery_operation(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


@pytest.mark.parametrize(
    ("operation", "message", "expected"),
    [
        ("scan", "no", "permission for Scan is missing: no"),
        (
            "restore_table_to_point_in_time",
            "User: x is not authorized to perform: dynamodb:BatchWriteItem on resource: y",
            "permission dynamodb:BatchWriteItem is missing",
        ),
    ],
)
def test_a_missing_permission_is_named(recovery: Recovery, operation: str, message: str, expected: str) -> None:
    recovery.disturb = failing(operation, "AccessDeniedException", message)
    with pytest.raises(RestoreError, match=expected):
        restore(recovery)


def test_throttled_writes_are_repeated(recovery: Recovery, dynamodb: Any) -> None:
    more = {} if "amazonaws" in dynamodb.meta.endpoint_url else {"endpoint_url": dynamodb.meta.endpoint_url}
    client = botocore.session.get_session().create_client(
        "dynamodb", region_name=DEFAULT_REGION, aws_access_key_id=ACCESS_KEY, aws_secret_access_key="test",
        config=client_config(2), **more,
    )  # fmt: skip
    throttled: list[str] = []

    def throttle(request: Any, **_: Any) -> Any:
        if throttled:
            return None
        throttled.append(request.url)
        code = {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow"}
        return AWSResponse(request.url, 400, HTTPHeaders(), _Raw(json.dumps(code).encode()))

    client.meta.events.register_first("before-send.dynamodb.PutItem", throttle)
    recovery.client = client
    restore(recovery)
    assert len(throttled) == 1
    assert item(2) in scan(dynamodb)


class _Raw(io.BytesIO):
    """The body of a response, as botocore reads it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


class Generated:
    """A database whose tables have as many items as it is asked for: each item is made when it is read."""

    def __init__(self, number: int, missing: int) -> None:
        self.number, self.missing, self.written = number, missing, 0

    def scan(self, *, Segment: int, TotalSegments: int, Limit: int, **more: Any) -> Any:  # noqa: N803
        begin = int(more.get("ExclusiveStartKey", {"id": {"S": str(Segment - TotalSegments)}})["id"]["S"])
        numbers = range(begin + TotalSegments, self.number, TotalSegments)
        items = [item(each, size=900) for each in numbers[:Limit]]
        return {"Items": items, **({"LastEvaluatedKey": items[-1]} if len(numbers) > Limit else {})}

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803
        ((table, request),) = RequestItems.items()
        first = self.missing if table == TABLE else 0
        numbers = [int(each["id"]["S"]) for each in request["Keys"]]
        return {"Responses": {table: [item(each, size=900) for each in numbers if each >= first]}}

    def put_item(self, **_: Any) -> None:
        self.written += 1


def test_ten_thousand_items_are_restored_in_bounded_memory() -> None:
    database = Generated(10_000, missing=300)
    copy = Copy(
        reader=Reader(database, ("owner", "id"), Pace()), source=TEMPORARY, target=TABLE, began=datetime.now(UTC),
        progress=Progress("", output=io.StringIO()), undone=Mode.EXACT.value, segments=2,
    )  # fmt: skip
    size = sum(size_of(item(number, size=900)) for number in range(10_000))
    tracemalloc.start()
    try:
        counts = copy.run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts == {Difference.SAME: 9700, Difference.MISSING: 300}
    assert database.written == 300
    assert peak < size / 4


def size_of(found: Item) -> int:
    """Return the bytes that an item takes in memory, without what items share."""
    attributes = sum(sys.getsizeof(value) + sum(map(sys.getsizeof, value.values())) for value in found.values())
    return sys.getsizeof(found) + attributes


def test_keys_that_dynamodb_did_not_process_are_requested_again(recovery: Recovery) -> None:
    original, waits = recovery.client.batch_get_item, list[float]()

    class Partial:
        """Answers one key of each request."""

        def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803
            ((table, request),) = RequestItems.items()
            first, *rest = request["Keys"]
            found = original(RequestItems={table: {**request, "Keys": [first]}})
            return {**found, "UnprocessedKeys": {table: {**request, "Keys": rest}} if rest else {}}

    reader = Reader(Partial(), ("owner", "id"), Pace(sleep=waits.append))
    assert len(reader.find(TABLE, [item(0), item(1), item(3)])) == 3
    assert waits == [0.05, 0.05]


@pytest.mark.parametrize("progress", [True, False])
def test_a_throttled_batch_is_given_up_only_if_nothing_is_read_for_minutes(progress: bool) -> None:
    waits: list[float] = []

    class Throttled:
        """Reads one of 100 items at a time, or none."""

        def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803
            ((table, request),) = RequestItems.items()
            first, *rest = request["Keys"]
            if not progress:
                return {"Responses": {}, "UnprocessedKeys": RequestItems}
            unprocessed = {"UnprocessedKeys": {table: {**request, "Keys": rest}}} if rest else {}
            return {"Responses": {table: [first]}, **unprocessed}

    reader = Reader(Throttled(), ("owner", "id"), Pace(sleep=waits.append))
    if progress:
        assert len(reader.find(TABLE, [item(number) for number in range(100)])) == 100
    else:
        with pytest.raises(RestoreError, match=f"{TABLE} is throttled; run the command again, with a lower --rate"):
            reader.find(TABLE, [item(0)])
        assert 60 < sum(waits) < 120


@pytest.mark.parametrize(("rate", "limit"), [(0, 100), (7.5, 7), (1, 1), (1000, 100)])
def test_a_page_has_at_most_the_items_of_a_second(rate: float, limit: int) -> None:
    limits: list[int] = []

    class Empty:
        """A table without items."""

        def scan(self, *, Limit: int, **_: Any) -> Any:  # noqa: N803
            limits.append(Limit)
            return {"Items": []}

    assert list(Reader(Empty(), ("owner", "id"), Pace(rate)).batches(TABLE, 0, 1, threading.Event())) == []
    assert limits == [limit]


def test_the_rate_is_that_of_all_threads_together() -> None:
    waits: list[float] = []
    pace = Pace(100, waits.append)
    for _ in range(3):
        pace.take(50)
    assert [round(each, 1) for each in waits] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(("terminal", "end"), [(True, "\r"), (False, "\n")])
def test_progress_is_a_line_on_a_terminal_and_few_lines_elsewhere(terminal: bool, end: str) -> None:
    output, now = io.StringIO(), [0.0]
    output.isatty = lambda: terminal  # type: ignore[method-assign]
    progress = Progress("items", 100, output, lambda: now[0])
    for _ in range(8):
        progress.add(done=10, written=1)
        now[0] += 10
    progress.finish()
    shown = [
        f"items: {done} of about 100 items, {done // 10} written"
        for done in ((20, 30, 40, 50, 60, 70, 80) if terminal else (40, 70))
    ]
    assert output.getvalue() == "".join(f"{line}{end}" for line in shown) + "items: 80 of about 100 items, 8 written\n"
