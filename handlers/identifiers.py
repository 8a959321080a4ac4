"""Identifiers of items."""

import re
import secrets
import uuid

ID_FORM = "allowed are 1 to 128 letters, digits, '.', '_', '~' and '-', the first a letter or digit"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")


def new_id(milliseconds: int) -> str:
    """A UUIDv7 (RFC 9562 §5.7) of a time in milliseconds since 1970: ids sort by it."""
    time = milliseconds & (1 << 48) - 1
    bits = time << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))


def is_id(text: str) -> bool:
    """Whether a text can be an item's id: unreserved URL characters, 128 at most."""
    return _ID.fullmatch(text) is not None
