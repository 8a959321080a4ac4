"""The media types of request and response bodies."""

JSON = "application/json"

MERGE_PATCH = "application/merge-patch+json"
"""JSON Merge Patch (RFC 7396)."""

PROBLEM_JSON = "application/problem+json"
"""Problem details (RFC 9457)."""
