"""Permission to use the key of a DynamoDB table.

AWS: anyone who reads or writes a table that a KMS key encrypts needs permission to use the key through DynamoDB, from
the key's policy or, if that lets IAM policies grant it, from an IAM policy. MiniStack checks only the permission to use
the table. In a condition, `aws:PrincipalArn` of a role's session is the role's ARN; in MiniStack it is the session's.
"""

from __future__ import annotations

import re
from typing import Any

from local.emulator.ministack_internals import POLICIES, TABLES, Original, internal, patch

_SESSION = re.compile(r"(?P<partition>arn:[\w-]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/.+")
_ACTIONS = frozenset({
    "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem",
    "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
})  # fmt: skip


def apply() -> None:
    """Check the permission to decrypt too, wherever a call of DynamoDB is allowed."""
    patch(POLICIES, "enforce", _enforce)
    patch(POLICIES, "_resolve_condition_key", _resolve_condition_key)


def _enforce(
    original: Original,
    access_key_id: str,
    iam_action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    denied = original(access_key_id, iam_action, service, region, resource_arn, service_context)
    key = _key(resource_arn) if denied is None and iam_action in _ACTIONS else None
    if key is None:
        return denied
    through = {"kms:ViaService": f"dynamodb.{region}.amazonaws.com", "kms:CallerAccount": key.split(":")[4]}
    return original(access_key_id, "kms:Decrypt", "kms", region, key, through)


def _resolve_condition_key(original: Original, key: str, context: Any) -> Any:
    value = original(key, context)
    session = _SESSION.fullmatch(value) if key.lower() == "aws:principalarn" else None
    return f"{session['partition']}:iam::{session['account']}:role/{session['role']}" if session else value


def _key(resource: str) -> str | None:
    """Return the key of the table with an ARN, or of the table of an index; None if AWS owns it."""
    name = resource.partition(":table/")[2].partition("/")[0]
    table: dict[str, Any] = internal(TABLES, "_tables").get(name) or {}
    found: dict[str, str] = table.get("SSEDescription") or {}
    return found.get("KMSMasterKeyArn") if found.get("Status") == "ENABLED" else None
