"""Cursors: where in a list the next page starts, opaque to clients."""

import base64
import binascii

from handlers.clock import is_timestamp
from handlers.identifiers import is_id
from handlers.store import Position

SEPARATOR = " "
"""Between the time of creation and the id; neither of them can contain it."""


def encode_cursor(position: Position) -> str:
    """The opaque cursor that continues after a position.

    It holds no owner: a list is always read from the caller's own partition.
    """
    text = SEPARATOR.join((position.created_at, position.item_id))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position | None:
    """The position that a cursor continues after; None for a text that `encode_cursor` cannot have written."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    created_at, _, item_id = text.partition(SEPARATOR)
    position = Position(created_at, item_id)
    # More than one text decodes to the same bytes; only the one that was handed out is accepted.
    if not is_timestamp(created_at) or not is_id(item_id) or encode_cursor(position) != cursor:
        return None
    return position
