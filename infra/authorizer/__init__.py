"""The Lambda authorizer, its policies' sizes and caches, and the table of revoked tokens."""
