"""The Lambda authorizer, the caches of its policies, and the table of revoked tokens."""
