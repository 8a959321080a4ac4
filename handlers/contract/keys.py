"""The key attributes of a collection's table."""

PARTITION_KEY = "owner"
SORT_KEY = "id"

CREATED = "created_at"
"""When an item was created; the sort key of every index that is not in order of another field."""

EXPIRY = "expires_at"
"""When DynamoDB may delete an item, in epoch seconds. It deletes late."""

RECORDS = "idem#"
"""The start of partitions with records of idempotency keys. No owner starts with it: issuer names contain no `#`."""
