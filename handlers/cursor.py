"""Cursors: opaque texts that say where the next page of a list starts."""

import base64
import binascii

from handlers.clock import is_timestamp
from handlers.contract.identifiers import is_id
from handlers.store import Position

SEPARATOR = " "
"""Between the time of creation and the id, which cannot contain it."""


def encode_cursor(position: Position) -> str:
    """Return the cursor of the page after a position.

    It does not contain the owner: a list always reads the caller's own partition.
    """
    text = SEPARATOR.join((position.created_at, position.item_id))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position | None:
    """Return the position of a cursor; None for a text that `encode_cursor` does not return."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    created_at, _, item_id = text.partition(SEPARATOR)
    position = Position(created_at, item_id)
    # Several texts decode to the same bytes; only the canonical one is accepted.
    if not is_timestamp(created_at) or not is_id(item_id) or encode_cursor(position) != cursor:
        return None
    return position
