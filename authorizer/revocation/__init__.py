"""Revoked tokens: the entries of the denylist, and how they are read from DynamoDB."""
