"""Timestamps of items and log lines: UTC, RFC 3339, always with three digits of milliseconds.

Such texts sort in order of time, which keeps lists in order of creation.
"""

import time
from datetime import UTC, datetime


def now() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def timestamp(milliseconds: int) -> str:
    """Format a time in milliseconds since 1970: `2026-06-15T09:30:00.000Z`."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
