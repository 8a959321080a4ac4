"""Identifiers of items."""

import re
import secrets
import time
import uuid

ID_FORM = "allowed are 1 to 128 letters, digits, '.', '_', '~' and '-', the first a letter or digit"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")


def new_id(milliseconds: int | None = None) -> str:
    """A UUIDv7 (RFC 9562 §5.7): ids sort by the millisecond in which they were made."""
    now = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    bits = (now & (1 << 48) - 1) << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))


def is_id(text: str) -> bool:
    """Whether a text can be an item's id: unreserved URL characters, 128 at most."""
    return _ID.fullmatch(text) is not None
