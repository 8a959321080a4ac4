"""Filtering of a function's log lines by its application log level.

AWS ("Log-level filtering"): if the log format is JSON, lines below `ApplicationLogLevel` (default INFO) are dropped. A
line's level is its field `level` if the line is a JSON object with a valid RFC 3339 `timestamp`; all other lines have
the level INFO. MiniStack stores the settings and keeps all lines.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from local.emulator.corrections import function_logs
from local.emulator.ministack_internals import Original, json_object, patch

_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_DEFAULT = "INFO"
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def apply() -> None:
    """Filter the collected lines."""
    patch(function_logs.__name__, "filter_lines", _filter_lines)


def _filter_lines(original: Original, settings: dict[str, str], lines: list[str]) -> list[str]:
    filtered: list[str] = original(settings, lines)
    if settings.get("LogFormat") != "JSON":
        return filtered
    minimum = _LEVELS.index(settings.get("ApplicationLogLevel") or _DEFAULT)
    return [line for line in filtered if _LEVELS.index(_level(line)) >= minimum]


def _level(line: str) -> str:
    try:
        values = json_object(json.loads(line)) or {}
    except (ValueError, RecursionError):
        return _DEFAULT
    level = str(values.get("level")).upper()
    return level if level in _LEVELS and _is_timestamp(values.get("timestamp")) else _DEFAULT


def _is_timestamp(value: object) -> bool:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value.upper()):
        return False
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        return False
    return True
