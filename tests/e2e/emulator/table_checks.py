"""The check of the correction of DynamoDB's tables."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.e2e.emulator.sandbox import ROLE

if TYPE_CHECKING:
    from tests.e2e.emulator.sandbox import Sandbox

KEY = "arn:aws:kms:us-east-1:000000000000:key/12345678-1234-1234-1234-123456789012"


def point_in_time_recovery(sandbox: Sandbox) -> None:
    """A table is restored as it was in a second since recovery was enabled, with another encryption and a summary."""
    with contextlib.closing(sandbox.client("dynamodb")) as database:
        _check(database)


def _check(database: Any) -> None:
    source = database.create_table(
        TableName="source",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]
    database.put_item(TableName="source", Item=_item("old", "kept"))
    assert _restored(database, 0) == "PointInTimeRecoveryUnavailableException"
    database.update_continuous_backups(
        TableName="source", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    database.put_item(TableName="source", Item=_item("first", "before"))
    _next_second()
    moment = int(time.time())
    _next_second()
    database.put_item(TableName="source", Item=_item("first", "after"))
    database.put_item(TableName="source", Item=_item("second", "after"))
    database.delete_item(TableName="source", Key={"id": {"S": "old"}})

    assert _restored(database, moment - 3600) == "InvalidRestoreTimeException"
    assert _restored(database, moment + 3600) == "InvalidRestoreTimeException"
    assert _restored(database, moment) == [_item("first", "before"), _item("old", "kept")]
    described = database.describe_table(TableName="target")["Table"]
    summary = described["RestoreSummary"]
    assert (summary["SourceTableArn"], summary["RestoreInProgress"]) == (source["TableArn"], False)
    assert int(summary["RestoreDateTime"].timestamp()) == moment
    assert described["SSEDescription"]["KMSMasterKeyArn"] == KEY

    backup = database.create_backup(TableName="source", BackupName="now")["BackupDetails"]["BackupArn"]
    database.restore_table_from_backup(TargetTableName="copy", BackupArn=backup)
    summary = database.describe_table(TableName="copy")["Table"]["RestoreSummary"]
    assert (summary["SourceTableArn"], summary["SourceBackupArn"]) == (source["TableArn"], backup)


def _item(item_id: str, name: str) -> dict[str, Any]:
    return {"id": {"S": item_id}, "name": {"S": name}}


def _next_second() -> None:
    time.sleep(1.01 - time.time() % 1)


def _restored(database: Any, moment: int) -> Any:
    """Return the items of the restored table, or the code of the error."""
    encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    try:
        database.restore_table_to_point_in_time(
            SourceTableName="source",
            TargetTableName="target",
            RestoreDateTime=moment,
            SSESpecificationOverride=encryption,
        )
    except ClientError as error:
        return error.response.get("Error", {}).get("Code")
    items = database.scan(TableName="target")["Items"]
    return sorted(items, key=lambda item: item["id"]["S"])


def restore_permissions(sandbox: Sandbox) -> None:
    """A restore needs permissions for the source, and to read and write the new table; backups are listed of `*`."""
    with contextlib.closing(sandbox.client("dynamodb")) as database:
        source = database.create_table(
            TableName="restored",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )["TableDescription"]["TableArn"]
        backup = database.create_backup(TableName="restored", BackupName="now")["BackupDetails"]["BackupArn"]
    read, written = [f"{source}-new"], ["dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan"]
    restore = {"Action": "dynamodb:RestoreTableFromBackup", "Resource": [backup, *read]}
    fill = {"Action": written, "Resource": read}
    listed = {"Action": "dynamodb:ListBackups", "Resource": source}
    described = {"Action": "dynamodb:DescribeBackup", "Resource": backup}
    for statements, denied in (
        ([restore, fill], ["DescribeBackup", "ListBackups"]),
        ([restore, fill | {"Resource": source}], ["DescribeBackup", "ListBackups", "RestoreTableFromBackup"]),
        ([restore, fill | {"Action": written[:-1]}, described], ["ListBackups", "RestoreTableFromBackup"]),
        ([described | {"Resource": source}, listed], ["DescribeBackup", "ListBackups", "RestoreTableFromBackup"]),
    ):
        assert _denied(sandbox, statements, backup) == denied


def _denied(sandbox: Sandbox, statements: list[dict[str, Any]], backup: str) -> list[str]:
    """Return the operations that a role with these statements is denied."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    sandbox.client("iam").put_role_policy(RoleName=ROLE, PolicyName="restore", PolicyDocument=json.dumps(policy))
    found = list[str]()
    with contextlib.closing(sandbox.as_role("dynamodb")) as database:
        for call in (
            lambda: database.describe_backup(BackupArn=backup),
            lambda: database.list_backups(TableName="restored"),
            lambda: database.restore_table_from_backup(BackupArn=backup, TargetTableName="restored-new"),
        ):
            try:
                call()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "AccessDeniedException":
                    found.append(error.operation_name)
    sandbox.client("iam").delete_role_policy(RoleName=ROLE, PolicyName="restore")
    return found
