"""Settings of DynamoDB tables that descriptions show.

AWS: a table that becomes billed on demand has no capacity any more, and neither have its indexes; an index has its own
maximum throughput; point-in-time recovery has a period, 35 days by default. MiniStack keeps the capacity of the
indexes, and ignores a changed maximum throughput of an index and the period.
"""

from __future__ import annotations

import json
from typing import Any, cast

from local.emulator.ministack_internals import TABLES, Original, Response, internal, json_object, patch

DAYS = "RecoveryPeriodInDays"
ALL_DAYS = 35


def apply() -> None:
    """Apply what MiniStack ignores, and add the period to descriptions."""
    patch(TABLES, "_update_table", _update_table)
    patch(TABLES, "_update_continuous_backups", _update_recovery)
    patch(TABLES, "_describe_continuous_backups", _describe_recovery)


def _table(data: dict[str, Any]) -> dict[str, Any]:
    name = internal(TABLES, "_normalize_table_name")(data.get("TableName"))
    return cast("dict[str, Any]", internal(TABLES, "_tables").get(name) or {})


def _update_table(original: Original, data: dict[str, Any]) -> Response:
    table = _table(data)
    indexes: list[dict[str, Any]] = table.get("GlobalSecondaryIndexes", [])
    if data.get("BillingMode") == "PAY_PER_REQUEST":
        for index in indexes:
            index["ProvisionedThroughput"] = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    for update in (each.get("Update", {}) for each in data.get("GlobalSecondaryIndexUpdates", ())):
        for index in indexes:
            if index["IndexName"] == update.get("IndexName") and "OnDemandThroughput" in update:
                index["OnDemandThroughput"] = index.get("OnDemandThroughput", {}) | update["OnDemandThroughput"]
    return cast("Response", original(data))


def _update_recovery(original: Original, data: dict[str, Any]) -> Response:
    specification = data.get("PointInTimeRecoverySpecification", {})
    _table(data)[DAYS] = specification.get(DAYS, ALL_DAYS)
    return _with_period(original(data), data)


def _describe_recovery(original: Original, data: dict[str, Any]) -> Response:
    return _with_period(original(data), data)


def _with_period(response: Response, data: dict[str, Any]) -> Response:
    status, headers, body = response
    document = json_object(json.loads(body)) or {}
    recovery = document.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        recovery[DAYS] = _table(data).get(DAYS, ALL_DAYS)
    return status, headers, json.dumps(document).encode()
