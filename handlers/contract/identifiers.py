"""The ids of items, as clients may choose and send them."""

import re
from typing import Annotated

from msgspec import Meta

from handlers.contract.validation import REQUIREMENT

MAX_ID = 128
"""Characters."""

ID_REQUIREMENT = f"1 to {MAX_ID} letters, digits, '.', '_', '~' or '-', starting with a letter or digit"

_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._~-]*"
_ID = re.compile(_PATTERN)

Id = Annotated[
    str, Meta(min_length=1, max_length=MAX_ID, pattern=rf"{_PATTERN}\Z", extra={REQUIREMENT: ID_REQUIREMENT})
]
"""An id: unreserved URL characters (RFC 3986 §2.3)."""


def is_id(text: str) -> bool:
    """Return whether a text can be an item's id."""
    return len(text) <= MAX_ID and _ID.fullmatch(text) is not None
