"""A function's lines are filtered by its application log level.

AWS ("Log-level filtering"): where the log format is JSON, lines below `ApplicationLogLevel` (INFO by default) are
dropped. A line has the `level` that it names if it is a JSON object with a valid RFC 3339 `timestamp`; any other line
is INFO. MiniStack stores the settings and keeps every line.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from local.emulator.corrections import function_logs
from local.emulator.ministack_internals import Original, around, mapping

_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_DEFAULT = "INFO"
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def apply() -> None:
    """Filter the lines that are collected."""
    around(function_logs.__name__, "kept", _kept)


def _kept(original: Original, settings: dict[str, str], lines: list[str]) -> list[str]:
    kept: list[str] = original(settings, lines)
    if settings.get("LogFormat") != "JSON":
        return kept
    least = _LEVELS.index(settings.get("ApplicationLogLevel") or _DEFAULT)
    return [line for line in kept if _LEVELS.index(_level(line)) >= least]


def _level(line: str) -> str:
    try:
        values = mapping(json.loads(line)) or {}
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
