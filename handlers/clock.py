"""The time in items and log lines: UTC, RFC 3339, in milliseconds and always with three digits of them.

Texts of this form sort as the moments that they name, which is what puts lists in order.
"""

import re
import time
from datetime import UTC, datetime

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def now() -> int:
    """The time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def timestamp(milliseconds: int) -> str:
    """A moment as text, given in milliseconds since 1970: `2026-06-15T09:30:00.000Z`."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_timestamp(text: str) -> bool:
    """Whether a text is a moment in exactly the form that `timestamp` writes."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return _FORM.fullmatch(text) is not None
