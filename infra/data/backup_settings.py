"""The settings of the tables' backups: when they are made, and how long they are kept."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError
from infra.functions.provisioned_concurrency import Cron

COLD_DAYS = 90
"""The days for which AWS Backup keeps a backup in cold storage at least."""

Days = Annotated[int, Meta(ge=1, le=36_500)]
VaultArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:[a-z-]+:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]{2,50}(?![\s\S])",
        extra={REQUIREMENT: "the ARN of a backup vault"},
    ),
]


class VaultLock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Limits for how long the vault keeps backups. In this governance mode, some principals may change them."""

    minimum_days: Annotated[Days, Meta(description="Days before which nobody can delete a backup.")]
    maximum_days: Annotated[Days | None, Meta(description="The longest retention that the vault accepts.")] = None


class BackupSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Backups of the tables with AWS Backup."""

    enabled: Annotated[bool, Meta(description="Whether the tables are backed up.")] = False
    schedule: Cron = "0 3 * * ? *"
    retention_days: Annotated[Days, Meta(description="Days for which a backup is kept.")] = COLD_DAYS
    cold_storage_days: Annotated[
        Days | None,
        Meta(description=f"Days after which a backup is moved to cold storage, where it stays at least {COLD_DAYS}."),
    ] = None
    copy_to: Annotated[
        VaultArn | None, Meta(description="A vault of another region or account to which each backup is copied.")
    ] = None
    lock: Annotated[VaultLock | None, Meta(description="Limits for how long the vault keeps backups.")] = None

    def problems(self) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        cold, lock, kept = self.cold_storage_days, self.lock, self.retention_days
        if cold is not None and kept < cold + COLD_DAYS:
            requirement = f"must be at least coldStorageDays + {COLD_DAYS}, {cold + COLD_DAYS}"
            yield FieldError("backups.retentionDays", requirement, kept)
        if lock and not lock.minimum_days <= kept <= (lock.maximum_days or kept):
            yield FieldError("backups.retentionDays", "must be within the limits of backups.lock", kept)
        if lock and lock.maximum_days is not None and lock.maximum_days < lock.minimum_days:
            requirement = f"must be at least minimumDays, {lock.minimum_days}"
            yield FieldError("backups.lock.maximumDays", requirement, lock.maximum_days)
