"""What a table can be restored from, and why not."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.stub import ANY, Stubber

from infra.restore.errors import RestoreError
from infra.restore.point import Backup, Clients, PointInTime, RecoveryPoint, parse_backup
from infra.restore.table_restore import Plan, TableRestore
from tests.unit.infra.restores.database import KEY_ARN, TABLE, TEMPORARY, recovery_of, restore

BACKUP = f"arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}/backup/01489602797149-73d8d5bc"
POINT = "arn:aws-us-gov:backup:us-gov-west-1:000000000000:recovery-point:1EB3B5E7-9EB0-435A-A80B-108B488B0D45"
ROLE = "arn:aws:iam::000000000000:role/restore"
DESCRIPTION = {"TableName": TABLE, "TableArn": f"arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}"}


@pytest.mark.parametrize("text", ["2026-11-22T14:03:00Z", "2026-11-22T15:03:00+01:00", "2026-11-22t08:33:00-05:30"])
def test_times_with_a_time_zone_are_the_same_point(text: str) -> None:
    assert PointInTime.parse(text).time == datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T14:03:00", "2026-11-22 14:03:00Z", "14:03", "2026-11-22T14:03:00.5Z", "2026-13-22T14:03:00Z", ""],
)
def test_other_times_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|month"):
        PointInTime.parse(text)


@pytest.mark.parametrize(
    ("recovery", "expected"),
    [
        (
            {"PointInTimeRecoveryStatus": "DISABLED"},
            "point-in-time recovery is disabled for table gatehouse-test-items",
        ),
        (
            {"LatestRestorableDateTime": datetime(2026, 11, 22, 14, tzinfo=UTC)},
            "2026-11-22T14:03:00Z is not within the recovery window of table gatehouse-test-items: 2026-11-01T00",
        ),
        ({"EarliestRestorableDateTime": datetime(2026, 11, 22, 15, tzinfo=UTC)}, "is not within the recovery window"),
    ],
)
def test_a_time_outside_the_recovery_window_starts_nothing(
    dynamodb: Any, recovery: dict[str, Any], expected: str
) -> None:
    database = recovery_of(dynamodb)
    database.recovery = recovery
    with pytest.raises(RestoreError, match=re.escape(expected)):
        restore(database)
    assert database.called("restore_table_to_point_in_time", "create_backup") == []


def test_backups_and_recovery_points_are_told_apart_by_their_arn() -> None:
    assert parse_backup(BACKUP, None) == Backup(BACKUP, TABLE, "01489602797149-73d8d5bc")
    assert parse_backup(POINT, ROLE) == RecoveryPoint(POINT, "1EB3B5E7-9EB0-435A-A80B-108B488B0D45", ROLE)


@pytest.mark.parametrize(
    ("arn", "expected"),
    [(POINT, "a recovery point needs --role"), ("x", "invalid backup 'x'"), (f"{BACKUP}/more", "invalid backup")],
)
def test_other_arns_are_rejected(arn: str, expected: str) -> None:
    with pytest.raises(RestoreError, match=expected):
        parse_backup(arn, None)


def described_backup(status: str) -> Any:
    made = datetime(2026, 11, 20, tzinfo=UTC)
    details = {"BackupStatus": status, "BackupName": "daily", "BackupCreationDateTime": made}
    return SimpleNamespace(describe_backup=lambda **_: {"BackupDescription": {"BackupDetails": details}})


def test_a_backup_of_another_table_or_that_is_not_available_is_rejected() -> None:
    backup = Backup(BACKUP, TABLE, "1")
    assert backup.check(Clients(described_backup("AVAILABLE"), None), DESCRIPTION) == (
        "backup daily of 2026-11-20T00:00:00Z"
    )
    with pytest.raises(RestoreError, match="is not available: its status is CREATING"):
        backup.check(Clients(described_backup("CREATING"), None), DESCRIPTION)
    with pytest.raises(RestoreError, match=f"is of table {TABLE}, not of gatehouse-prod-items"):
        backup.check(Clients(None, None), {"TableName": "gatehouse-prod-items"})


@pytest.mark.parametrize(
    ("encryption", "metadata"),
    [
        ({}, {"encryptionType": "Default"}),
        ({"KMSMasterKeyArn": KEY_ARN}, {"encryptionType": "KMS", "kmsMasterKeyArn": KEY_ARN}),
    ],
)
def test_a_recovery_point_is_restored_with_the_role_and_the_key(
    encryption: dict[str, str], metadata: dict[str, str]
) -> None:
    backup: Any = botocore.session.get_session().create_client(
        "backup", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    expected = {
        "RecoveryPointArn": POINT,
        "Metadata": {"targetTableName": "temporary", **metadata},
        "IamRoleArn": ROLE,
        "ResourceType": "DynamoDB",
        "IdempotencyToken": ANY,
    }
    with Stubber(backup) as stubber:
        stubber.add_response("start_restore_job", {"RestoreJobId": "1"}, expected)
        table = {**DESCRIPTION, "SSEDescription": encryption}
        RecoveryPoint(POINT, "id", ROLE).start(Clients(None, backup), table, "temporary")
        stubber.assert_no_pending_responses()


def test_a_recovery_point_can_be_restored_again_after_its_temporary_table_was_deleted() -> None:
    tokens: list[str] = []
    backup = SimpleNamespace(start_restore_job=lambda **more: tokens.append(more["IdempotencyToken"]))
    for _ in "ab":
        RecoveryPoint(POINT, "id", ROLE).start(Clients(None, backup), DESCRIPTION, "temporary")
    assert tokens[0] != tokens[1], "AWS Backup starts no second job for a token"


def test_only_recovery_points_of_the_table_are_restored() -> None:
    made = datetime(2026, 11, 20, tzinfo=UTC)
    points = [{"RecoveryPointArn": POINT, "CreationDate": made, "BackupVaultName": "main"}]
    pages = SimpleNamespace(paginate=lambda **_: [{"RecoveryPoints": []}, {"RecoveryPoints": points}])
    clients = Clients(None, SimpleNamespace(get_paginator=lambda _: pages))
    assert RecoveryPoint(POINT, "id", ROLE).check(clients, DESCRIPTION) == (
        "recovery point of 2026-11-20T00:00:00Z in vault main"
    )
    with pytest.raises(RestoreError, match=f"table {TABLE} has no recovery point x"):
        RecoveryPoint("x", "id", ROLE).check(clients, DESCRIPTION)


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ({"SourceTableArn": "arn:other"}, "was restored from another table: arn:other"),
        (None, "was not created by a restore"),
    ],
)
def test_a_table_with_the_name_of_the_temporary_table_is_neither_used_nor_deleted(
    dynamodb: Any, summary: Any, expected: str
) -> None:
    database = recovery_of(dynamodb)
    restore(database, apply=False)
    database.summary = summary
    for discard in (False, True):
        with pytest.raises(RestoreError, match=expected):
            restore(database, apply=not discard, discard=discard)
    assert database.called("delete_table", "create_backup", "put_item") == []


def test_a_temporary_table_is_not_used_before_its_restore_is_complete(dynamodb: Any) -> None:
    database, described = recovery_of(dynamodb), list[bool]()
    restore(database, apply=False)

    def describe(operation: str, arguments: Mapping[str, Any]) -> None:
        if operation == "describe_table" and arguments["TableName"] == TEMPORARY:
            described.append(len(described) < 3)
            database.summary = {"RestoreInProgress": described[-1]}
        elif arguments.get("TableName") == TEMPORARY:
            assert described[-1] is False

    database.disturb = describe
    restore(database, apply=False)
    assert described == [True, True, True, False]


def test_a_missing_table_is_reported(dynamodb: Any) -> None:
    plan = Plan(point=PointInTime.parse("2026-11-22T14:03:00Z"))
    with pytest.raises(RestoreError, match=r"there is no table gatehouse-none-items in us-east-1, .*: is the stack"):
        list(TableRestore("gatehouse-none-items", plan, Clients(dynamodb, None), lambda _: None).run())
