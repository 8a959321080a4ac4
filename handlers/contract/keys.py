"""The key attributes and indexes of a collection's table."""

PARTITION_KEY = "owner"
SORT_KEY = "id"

CREATED = "created_at"
"""When an item was created; the sort key of every index."""

CREATION_INDEX = "by_created"
"""The index that lists items in order of creation where their ids are not in that order."""

EXPIRY = "expires_at"
"""When DynamoDB may delete an item, in epoch seconds. It deletes late."""


def index_name(field: str) -> str:
    """Return the name of the index that serves a list's filter; its partition key attribute has the same name."""
    return f"by_{field}"
