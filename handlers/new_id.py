"""New ids of items."""

import secrets
import uuid


def new_id(milliseconds: int) -> str:
    """Return a UUIDv7 (RFC 9562 §5.7) of a time in milliseconds since 1970. Ids sort by their time."""
    time = milliseconds & (1 << 48) - 1
    bits = time << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))
