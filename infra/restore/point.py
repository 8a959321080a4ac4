"""What a table is restored from: a point in time, a backup of DynamoDB, or a recovery point of AWS Backup."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.restore.errors import RestoreError

TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}([Zz]|[+-]\d{2}:\d{2})")
BACKUP = re.compile(r"arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table/(?P<table>[\w.-]+)/backup/(?P<id>[\w-]+)")
RECOVERY_POINT = re.compile(r"arn:[\w-]+:backup:[\w-]+:\d{12}:recovery-point:(?P<id>[\w-]+)")


@dataclass(frozen=True)
class Clients:
    """botocore's clients of the services that restoring needs."""

    dynamodb: Any
    backup: Any


@dataclass(frozen=True)
class PointInTime:
    """A second of the last days, for tables with point-in-time recovery."""

    time: datetime

    @classmethod
    def parse(cls, text: str) -> "PointInTime":
        """Parse a time of RFC 3339 in whole seconds. Raises ValueError."""
        if not TIME.fullmatch(text):
            example = "such as 2026-11-22T14:03:00Z or 2026-11-22T15:03:00+01:00"
            raise ValueError(f"invalid time {text!r}: must be a time of RFC 3339 with a time zone, {example}")
        return cls(datetime.fromisoformat(text.upper()).astimezone(UTC))

    @property
    def label(self) -> str:
        """The time, in characters that a table's name may have."""
        return f"{self.time:%Y%m%dT%H%M%SZ}"

    def check(self, clients: Clients, table: Mapping[str, Any]) -> str:
        """Return a description. Raises RestoreError if the time is outside the table's recovery window."""
        name = table["TableName"]
        described = clients.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = described.get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            raise RestoreError(
                f"point-in-time recovery is disabled for table {name}; gatehouse:data.recoveryDays enables it, but "
                "does not bring back the past. To list its backups: "
                f"aws dynamodb list-backups --table-name {name} --backup-type ALL"
            )
        first, last = recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"]
        if not first <= self.time <= last:
            window = f"{_format(first)} to {_format(last)}"
            raise RestoreError(f"{_format(self.time)} is not within the recovery window of table {name}: {window}")
        return f"{_format(self.time)}, within the recovery window ({_format(first)} to {_format(last)})"

    def start(self, clients: Clients, table: Mapping[str, Any], target: str) -> None:
        """Start to restore the table into a new one."""
        clients.dynamodb.restore_table_to_point_in_time(
            SourceTableName=table["TableName"], TargetTableName=target, RestoreDateTime=self.time, **_overrides(table)
        )


@dataclass(frozen=True)
class Backup:
    """A backup that DynamoDB stores: on demand, after the deletion of a table, or by AWS Backup."""

    arn: str
    source: str
    label: str

    def check(self, clients: Clients, table: Mapping[str, Any]) -> str:
        """Return a description. Raises RestoreError if the backup is of another table or not available."""
        if self.source != table["TableName"]:
            raise RestoreError(f"backup {self.arn} is of table {self.source}, not of {table['TableName']}")
        details = clients.dynamodb.describe_backup(BackupArn=self.arn)["BackupDescription"]["BackupDetails"]
        if details["BackupStatus"] != "AVAILABLE":
            raise RestoreError(f"backup {self.arn} is not available: its status is {details['BackupStatus']}")
        return f"backup {details['BackupName']} of {_format(details['BackupCreationDateTime'])}"

    def start(self, clients: Clients, table: Mapping[str, Any], target: str) -> None:
        """Start to restore the backup into a new table."""
        clients.dynamodb.restore_table_from_backup(BackupArn=self.arn, TargetTableName=target, **_overrides(table))


@dataclass(frozen=True)
class RecoveryPoint:
    """A recovery point in a vault of AWS Backup, which restores it with the permissions of a role."""

    arn: str
    label: str
    role: str

    def check(self, clients: Clients, table: Mapping[str, Any]) -> str:
        """Return a description. Raises RestoreError if the recovery point is not one of the table."""
        points = clients.backup.get_paginator("list_recovery_points_by_resource")
        for page in points.paginate(ResourceArn=table["TableArn"]):
            for point in page["RecoveryPoints"]:
                if point["RecoveryPointArn"] == self.arn:
                    return f"recovery point of {_format(point['CreationDate'])} in vault {point['BackupVaultName']}"
        raise RestoreError(f"table {table['TableName']} has no recovery point {self.arn}")

    def start(self, clients: Clients, table: Mapping[str, Any], target: str) -> None:
        """Start a restore job.

        Its token is new: AWS Backup does nothing for one that it knows, also if the restored table was deleted since
        (AWS Backup, "StartRestoreJob"). Of two jobs for the same table, the second one fails.
        """
        key = _customer_key(table)
        encryption = {"encryptionType": "KMS", "kmsMasterKeyArn": key} if key else {"encryptionType": "Default"}
        clients.backup.start_restore_job(
            RecoveryPointArn=self.arn,
            Metadata={"targetTableName": target, **encryption},
            IamRoleArn=self.role,
            ResourceType="DynamoDB",
            IdempotencyToken=str(uuid.uuid4()),
        )


RestorePoint = PointInTime | Backup | RecoveryPoint
"""A state of a table that AWS can restore into a new table.

`label` becomes a part of the temporary table's name, `check` raises RestoreError if the table cannot be restored to it,
and `start` starts the restore of a table, as DescribeTable describes it.
"""


def parse_backup(arn: str, role: str | None) -> Backup | RecoveryPoint:
    """Return the backup or recovery point with an ARN. Raises RestoreError."""
    if match := BACKUP.fullmatch(arn):
        return Backup(arn, match["table"], match["id"])
    if match := RECOVERY_POINT.fullmatch(arn):
        if role is None:
            raise RestoreError("a recovery point needs --role, the ARN of the role with which AWS Backup restores it")
        return RecoveryPoint(arn, match["id"], role)
    raise RestoreError(f"invalid backup {arn!r}: must be the ARN of a backup of DynamoDB or a recovery point")


def _overrides(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a temporary table: on demand, without indexes, and encrypted like the stack's."""
    key = _customer_key(table)
    return {
        "BillingModeOverride": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexOverride": [],
        "LocalSecondaryIndexOverride": [],
        "SSESpecificationOverride": (
            {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else {"Enabled": False}
        ),
    }


def _customer_key(table: Mapping[str, Any]) -> str | None:
    """Return the ARN of the KMS key that encrypts a table, None if it is a key that DynamoDB owns."""
    return table.get("SSEDescription", {}).get("KMSMasterKeyArn")


def _format(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
