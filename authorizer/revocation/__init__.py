"""Revocation of tokens: the denylist, and how it is read from DynamoDB."""
