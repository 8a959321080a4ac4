"""Saved queries of CloudWatch Logs Insights.

AWS: PutQueryDefinition saves a query, or replaces every value of the one with the given id. MiniStack has neither this
nor DescribeQueryDefinitions and DeleteQueryDefinition.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from local.emulator.ministack_internals import LOGS, Response, add_operations, internal

_saved: dict[str, dict[str, Any]] = {}
"""The queries by their ids."""


def apply() -> None:
    """Add the three operations to those of CloudWatch Logs."""
    add_operations(
        LOGS, {"PutQueryDefinition": _put, "DescribeQueryDefinitions": _describe, "DeleteQueryDefinition": _delete}
    )


def _put(data: dict[str, Any]) -> Response:
    query_id = data.get("queryDefinitionId") or str(uuid.uuid4())
    if "queryDefinitionId" in data and query_id not in _saved:
        return _missing()
    members = {name: data[name] for name in ("name", "queryString", "logGroupNames") if name in data}
    _saved[query_id] = {"queryDefinitionId": query_id, "lastModified": int(time.time() * 1000), **members}
    return _json({"queryDefinitionId": query_id})


def _describe(data: dict[str, Any]) -> Response:
    prefix = data.get("queryDefinitionNamePrefix", "")
    return _json({"queryDefinitions": [each for each in _saved.values() if each["name"].startswith(prefix)]})


def _delete(data: dict[str, Any]) -> Response:
    return _json({"success": True}) if _saved.pop(data["queryDefinitionId"], None) else _missing()


def _json(value: dict[str, Any]) -> Response:
    return internal(LOGS, "json_response")(value)


def _missing() -> Response:
    return internal(LOGS, "error_response_json")(
        "ResourceNotFoundException", "The query definition does not exist.", 400
    )
