"""The temporary table of a restore, and the backup of the present table that is made before anything changes.

Both are found by their name, which the restore point determines, so that a command that is run again continues.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.restore.errors import RestoreError
from infra.restore.point import Clients, RestorePoint

POLL_SECONDS = 15.0
MISSING = "MISSING"
MISSING_SECONDS = 600.0
"""Seconds within which AWS Backup creates the table after a restore job was started."""


@dataclass(frozen=True)
class TemporaryTable:
    """The table into which AWS restores `table`, the description of the stack's table."""

    clients: Clients
    table: Mapping[str, Any]
    point: RestorePoint
    report: Callable[[str], None]
    pause: Callable[[float], None] = time.sleep

    @property
    def prefix(self) -> str:
        """What the names of all temporary tables of the stack's table start with."""
        return f"{self.table['TableName']}-restore-"

    @property
    def name(self) -> str:
        """The name of this restore point's temporary table, and of the backup that is made first."""
        return f"{self.prefix}{self.point.label}"

    def description(self) -> Mapping[str, Any] | None:
        """Return the table's description, None if it does not exist."""
        try:
            return self.clients.dynamodb.describe_table(TableName=self.name)["Table"]
        except self.clients.dynamodb.exceptions.ResourceNotFoundException:
            return None

    def restore(self) -> Mapping[str, Any]:
        """Start the restore unless it was started before, wait until it is complete, and describe the table."""
        found = self.description()
        if found is None:
            self.report(f"Restoring into the temporary table {self.name}; this takes minutes, for large tables hours.")
            with suppress(self.clients.dynamodb.exceptions.TableAlreadyExistsException):
                self.point.start(self.clients, self.table, self.name)
        else:
            self.report(f"Continuing with the temporary table {self.name}.")
        restored = self._wait(started=time.monotonic())
        self._require_own(restored)
        return restored

    def backup(self, began: datetime) -> str:
        """Return the ARN of a backup of the stack's table, made since the restore began. Makes one if necessary."""
        dynamodb, table = self.clients.dynamodb, self.table["TableName"]
        arn = self._existing_backup(began)
        if arn is None:
            arn = dynamodb.create_backup(TableName=table, BackupName=self.name)["BackupDetails"]["BackupArn"]
        while (status := self._backup_status(arn)) == "CREATING":
            self.pause(POLL_SECONDS)
        if status != "AVAILABLE":
            raise RestoreError(f"backup {arn} cannot be used: its status is {status}")
        return arn

    def delete(self) -> str:
        """Delete the temporary table, if it exists, and return a line that says so."""
        found = self.description()
        if found is None:
            return f"There is no temporary table {self.name}."
        self._require_own(found)
        self.clients.dynamodb.delete_table(TableName=self.name)
        return f"Deleted the temporary table {self.name}."

    def require_no_other(self) -> None:
        """Raise RestoreError if the stack's table is being restored to another point."""
        listed = self.clients.dynamodb.get_paginator("list_tables").paginate()
        for name in (name for page in listed for name in page["TableNames"]):
            if name.startswith(self.prefix) and name != self.name and self._is_restoring(name):
                raise RestoreError(f"another restore of {self.table['TableName']} is running, into {name}")

    def _is_restoring(self, name: str) -> bool:
        return self.clients.dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] == "CREATING"

    def _existing_backup(self, began: datetime) -> str | None:
        backups = self.clients.dynamodb.get_paginator("list_backups")
        for page in backups.paginate(TableName=self.table["TableName"], TimeRangeLowerBound=began):
            for each in page["BackupSummaries"]:
                # A backup of this name before the temporary table is of an earlier restore to the same point.
                if each["BackupName"] == self.name and each["BackupCreationDateTime"] >= began:
                    return each["BackupArn"]
        return None

    def _backup_status(self, arn: str) -> str:
        return self.clients.dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"][
            "BackupStatus"
        ]

    def _require_own(self, found: Mapping[str, Any]) -> None:
        """Raise RestoreError unless AWS restored the table: --exact removes the items that it does not have."""
        summary = found.get("RestoreSummary")
        if summary is None:
            raise RestoreError(f"table {self.name} was not created by a restore")
        source = summary.get("SourceTableArn", self.table["TableArn"])
        if source != self.table["TableArn"]:
            raise RestoreError(f"table {self.name} was restored from another table: {source}")

    def _wait(self, started: float) -> Mapping[str, Any]:
        reported = ""
        while True:
            found = self.description()
            status = found["TableStatus"] if found else MISSING
            if found and status == "ACTIVE" and not found.get("RestoreSummary", {}).get("RestoreInProgress"):
                return found
            if status not in ("ACTIVE", "CREATING", "UPDATING", MISSING):
                raise RestoreError(f"table {self.name} cannot be used: its status is {status}")
            seconds = time.monotonic() - started
            if status == MISSING and seconds > MISSING_SECONDS:
                raise RestoreError(f"AWS did not create table {self.name}; look at its restore jobs in the console")
            if reported != (reported := f"{self.name}: {status.lower()}, {seconds // 60:.0f} minutes"):
                self.report(reported)
            self.pause(POLL_SECONDS)
