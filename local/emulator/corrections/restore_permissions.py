"""The permissions of backups and restores of DynamoDB's tables.

AWS: a restore needs the permission for the source table or the backup, permissions to read and write the new table, and
those for the key that is chosen for it; backups are resources; ListBackups cannot be limited to a table. Sources: AWS,
"Using IAM with DynamoDB backup and restore", "DynamoDB encryption at rest: usage notes", and "Actions, resources, and
condition keys for Amazon DynamoDB". MiniStack requires only the permission for the restore, of `*`.
"""

from __future__ import annotations

import json
from typing import Any

from local.emulator.ministack_internals import ACTIONS, Original, json_object, patch

OF_NEW_TABLE = tuple(
    f"dynamodb:{each}" for each in ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
)
OF_KEY = (
    "kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey", "kms:CreateGrant",
)  # fmt: skip

Checks = list[tuple[str, str]]  # actions, each with a resource


def apply() -> None:
    """Check the permissions of these operations as those of the items of a transaction."""
    patch(ACTIONS, "dynamodb_transaction_checks", _checks)


def _checks(original: Original, action: str, body: bytes, region: str, account: str) -> Checks:
    operation = action.removeprefix("dynamodb:")
    if operation == "ListBackups":
        return [(action, "*")]
    if operation not in ("DescribeBackup", "DeleteBackup", "RestoreTableFromBackup", "RestoreTableToPointInTime"):
        return original(action, body, region, account)

    def table(name: str) -> str:
        return name if name.startswith("arn:") else f"arn:aws:dynamodb:{region}:{account}:table/{name}"

    data: dict[str, Any] = json_object(json.loads(body)) or {}
    source = data.get("BackupArn") or table(data.get("SourceTableArn") or data.get("SourceTableName") or "")
    if operation.endswith("Backup") and not operation.startswith("Restore"):
        return [(action, source)]
    new, key = table(data["TargetTableName"]), data.get("SSESpecificationOverride", {}).get("KMSMasterKeyId")
    also = [(action, new)] if operation == "RestoreTableFromBackup" else []
    of_key = [(each, key) for each in OF_KEY] if key else []
    return [(action, source), *also, *((each, new) for each in OF_NEW_TABLE), *of_key]
