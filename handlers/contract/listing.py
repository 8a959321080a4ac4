"""The query parameters of every list: the size of a page, where it starts, and the order."""

LIMIT, CURSOR, ORDER = "limit", "cursor", "order"
PARAMETERS = (LIMIT, CURSOR, ORDER)
"""The query parameters that every list has; a collection may add filters."""

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
ORDERS = ("newest", "oldest")
"""Which items come first; the first of these is the default."""
