"""The attributes of a table that are keys, for those who make it and those who use it."""

PARTITION_KEY = "owner"
SORT_KEY = "id"

CREATED = "created_at"
"""When an item was created; the sort key of every index."""

CREATION_INDEX = "by_created"
"""The index that puts a partition of the table in order of creation, where its ids do not."""

EXPIRY = "expires_at"
"""The attribute (epoch seconds) after which DynamoDB may delete what has it. It deletes late."""


def index_name(field: str) -> str:
    """The index that serves an equality filter of a list; its partition key is an attribute of the same name."""
    return f"by_{field}"
