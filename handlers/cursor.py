"""Cursors: opaque texts that say where the next page of a list starts.

A cursor contains a position and a checksum of the position, the list and the owner. The checksum rejects cursors that
were changed, and those of other lists. It is not a signature: anyone who computes one can choose another position in
the same list of their own items, and nothing else, because each query contains the owner itself.
"""

import base64
import binascii
import hashlib
from decimal import Decimal

from handlers.contract import Invalid
from handlers.contract.identifiers import is_id
from handlers.json_values import parameter_value
from handlers.selection import Selection
from handlers.store import Position

SEPARATOR = " "
"""Between the id, which cannot contain it, and the sort value."""

CHECKSUM = 9
"""Bytes of the checksum; a multiple of three, so that the rest of a cursor is Base64 of the position alone."""

MAX_SORT_VALUE = 1024
"""Bytes of a sort key (AWS, "Quotas in Amazon DynamoDB")."""


def encode_cursor(position: Position, selection: Selection, owner: str) -> str:
    """Return the cursor of the page after a position in a list of the owner's items."""
    return _encode(position.item_id, str(position.sort_value), selection.identity(owner))


def decode_cursor(cursor: str, selection: Selection, owner: str) -> Position | None:
    """Return the position of a cursor; None for a text that `encode_cursor` does not return for this list."""
    try:
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        item_id, _, text = decoded[CHECKSUM:].decode().partition(SEPARATOR)
        sort_value = parameter_value(text, Decimal) if selection.order in selection.collection.number_ranges else text
    except (binascii.Error, ValueError, Invalid):
        return None
    # Several texts decode to the same bytes; only the canonical one is accepted.
    if cursor != _encode(item_id, text, selection.identity(owner)):
        return None
    # DynamoDB rejects positions that no item can have, which only a cursor with a computed checksum contains.
    if not is_id(item_id) or not 0 < len(text.encode()) <= MAX_SORT_VALUE or not selection.has_in_range(sort_value):
        return None
    return Position(sort_value, item_id)


def _encode(item_id: str, sort_value: str, identity: bytes) -> str:
    position = f"{item_id}{SEPARATOR}{sort_value}".encode()
    checksum = hashlib.sha256(identity + b"\0" + position).digest()[:CHECKSUM]
    return base64.urlsafe_b64encode(checksum + position).decode().rstrip("=")
