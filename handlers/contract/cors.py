"""What scripts of another origin may read of a response, whether a handler or API Gateway sends it."""

EXPOSED_HEADERS = (
    "ETag",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "x-amzn-Remapped-WWW-Authenticate",  # the name that a REST API gives a handler's challenge
    "x-amzn-RequestId",
)
"""The response headers that browsers would hide from scripts (Fetch Standard, "CORS-exposed header name")."""

EXPOSE_HEADERS = ", ".join(EXPOSED_HEADERS)
"""The value of Access-Control-Expose-Headers."""
