"""What every list takes: how many items, from where on, in which order."""

LIMIT, CURSOR, ORDER = "limit", "cursor", "order"
PARAMETERS = (LIMIT, CURSOR, ORDER)
"""The query parameters that every list has; a collection may add filters."""

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
ORDERS = ("newest", "oldest")
"""Which items come first; the first of these unless a client asks otherwise."""
