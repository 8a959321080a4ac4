"""Timestamps of items and log lines: UTC, RFC 3339, always with three digits of milliseconds.

Such texts sort in order of time, which keeps lists in order of creation.
"""

import re
import time
from datetime import UTC, datetime

_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def now() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def timestamp(milliseconds: int) -> str:
    """Format a time in milliseconds since 1970: `2026-06-15T09:30:00.000Z`."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_timestamp(text: str) -> bool:
    """Return whether a text is a time in exactly the format of `timestamp`."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return _TIMESTAMP.fullmatch(text) is not None
