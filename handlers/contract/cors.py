"""The response headers that scripts of another origin may read, whether a handler or API Gateway sends them."""

EXPOSED_HEADERS = (
    "ETag",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "x-amzn-Remapped-WWW-Authenticate",  # a handler's challenge, which a REST API renames
    "x-amzn-RequestId",
)
"""The response headers that browsers otherwise hide from scripts (Fetch Standard, "CORS-exposed header name")."""

EXPOSE_HEADERS = ", ".join(EXPOSED_HEADERS)
"""The value of Access-Control-Expose-Headers."""
