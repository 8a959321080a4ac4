"""Restores of DynamoDB's tables.

AWS: RestoreTableToPointInTime restores the items of a second between the time at which point-in-time recovery was
enabled and about five minutes ago, and fails if it is disabled. A restored table is encrypted as its
SSESpecificationOverride says, and its description has a RestoreSummary. In MiniStack, the new table has the present
items, whatever the time, no encryption and no summary. Here, a table can also be restored to the present second.
"""

from __future__ import annotations

import copy
import json
import time
from typing import Any, cast

from local.emulator.ministack_internals import TABLES, Original, Response, internal, patch

_SINCE = "_recoverable_since"
"""The key of a table's data with the second from which it can be restored."""

_WRITES = "_writes"
"""The key of a table's data with the writes since then: time, keys, and the item before."""


def apply() -> None:
    """Record the writes to tables, and restore tables from the records."""
    patch(TABLES, "_set_item", _record)
    patch(TABLES, "_remove_item", _record)
    patch(TABLES, "_update_continuous_backups", _update)
    patch(TABLES, "_describe_continuous_backups", _describe_window)
    patch(TABLES, "_restore_table_to_point_in_time", _restore_to_time)
    patch(TABLES, "_restore_table_from_backup", _restore_from_backup)
    patch(TABLES, "_restore_create_request", _encrypt)
    patch(TABLES, "_table_description", _describe)


def _record(original: Original, table: dict[str, Any], pk: str, sk: str, *item: object) -> Any:
    if _SINCE in table:
        before = copy.deepcopy(table["items"].get(pk, {}).get(sk))
        table[_WRITES].append((time.time(), pk, sk, before))
    return original(table, pk, sk, *item)


def _update(original: Original, data: dict[str, Any]) -> Response:
    table = _table(data["TableName"])
    if table is not None:
        enabled = data.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        if enabled and _SINCE not in table:
            table |= {_SINCE: int(time.time()), _WRITES: []}
        elif not enabled:
            table.pop(_SINCE, None)
    return original(data)


def _describe_window(original: Original, data: dict[str, Any]) -> Response:
    status, headers, body = original(data)
    table = _table(data["TableName"])
    if table is None or _SINCE not in table:
        return status, headers, body
    described: dict[str, Any] = json.loads(body)
    window = {"EarliestRestorableDateTime": table[_SINCE], "LatestRestorableDateTime": int(time.time())}
    described["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"] |= window
    return internal(TABLES, "json_response")(described)


def _restore_to_time(original: Original, data: dict[str, Any]) -> Response:
    source = _table(data.get("SourceTableName") or data.get("SourceTableArn") or "")
    if source is None:
        return original(data)
    if _SINCE not in source:
        return _error("PointInTimeRecoveryUnavailableException", "Point in time recovery is not enabled for the table")
    moment = int(time.time()) if data.get("UseLatestRestorableTime") else int(data["RestoreDateTime"])
    if not source[_SINCE] <= moment <= time.time():
        return _error("InvalidRestoreTimeException", "The restore time is outside the recovery window")
    response: Response = original(data)
    target = _table(data["TargetTableName"])
    if response[0] == 200 and target is not None:  # noqa: PLR2004
        for written, pk, sk, before in reversed(source[_WRITES]):
            if written > moment:
                _put_back(target, pk, sk, before)
        return _summarized(target, source["TableArn"], moment)
    return response


def _put_back(table: dict[str, Any], pk: str, sk: str, before: dict[str, Any] | None) -> None:
    if before is None:
        internal(TABLES, "_remove_item")(table, pk, sk)
    else:
        internal(TABLES, "_set_item")(table, pk, sk, copy.deepcopy(before))


def _restore_from_backup(original: Original, data: dict[str, Any]) -> Response:
    response: Response = original(data)
    target = _table(data.get("TargetTableName") or "")
    if response[0] != 200 or target is None:  # noqa: PLR2004
        return response
    backup = internal(TABLES, "_backups")[data["BackupArn"]]
    made = backup["BackupDetails"]["BackupCreationDateTime"]
    return _summarized(target, backup["SourceTableDetails"]["TableArn"], made, SourceBackupArn=data["BackupArn"])


def _summarized(table: dict[str, Any], source: str, moment: float, **more: str) -> Response:
    """Add the summary to a restored table, and return its description. Its time of creation is not a whole second."""
    table["CreationDateTime"] = time.time()
    table["RestoreSummary"] = {
        "SourceTableArn": source, "RestoreDateTime": moment, "RestoreInProgress": False, **more
    }  # fmt: skip
    return internal(TABLES, "json_response")(
        {"TableDescription": internal(TABLES, "_table_description")(table["TableName"])}
    )


def _encrypt(original: Original, *arguments: Any) -> dict[str, Any]:
    data = cast("dict[str, Any]", arguments[5])  # the request, after what is known of the source
    encryption = data.get("SSESpecificationOverride")
    return {**original(*arguments), **({"SSESpecification": encryption} if encryption else {})}


def _describe(original: Original, name: str) -> dict[str, Any]:
    table = internal(TABLES, "_tables")[name]
    summary = {"RestoreSummary": table["RestoreSummary"]} if "RestoreSummary" in table else {}
    return {**original(name), **summary}


def _table(name: str) -> dict[str, Any] | None:
    return internal(TABLES, "_tables").get(internal(TABLES, "_normalize_table_name")(name))


def _error(code: str, message: str) -> Response:
    return internal(TABLES, "error_response_json")(code, message, 400)
