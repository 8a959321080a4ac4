"""The Lambda authorizer: a bearer token in, an IAM policy for every route that it may call out."""
