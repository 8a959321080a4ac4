"""The request headers that operations read, and the response headers that scripts of other origins may read."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from handlers.contract.entity_tags import EntityTags, entity_tag
from handlers.contract.validation import REQUIREMENT

KEY_LIFETIME = 24 * 3600
"""Seconds for which an idempotency key is stored."""

_Key = Annotated[
    str,
    Meta(min_length=1, max_length=255, pattern=r"^[!-~]+\Z", extra={REQUIREMENT: "1 to 255 visible ASCII characters"}),
]


class RequestHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A request header: the type of its value, and its description and example for the OpenAPI document."""

    name: str
    type: Any
    description: str
    example: str


IF_MATCH = RequestHeader(
    name="If-Match",
    type=EntityTags,
    description="Change the item only if its entity tag is one of these (RFC 9110 §13.1.1).",
    example=entity_tag("6f1e2d3c4b5a6978"),
)
IF_NONE_MATCH = RequestHeader(
    name="If-None-Match",
    type=EntityTags,
    description="Return the item only if its entity tag is none of these (RFC 9110 §13.1.2).",
    example=entity_tag("6f1e2d3c4b5a6978"),
)
IDEMPOTENCY_KEY = RequestHeader(
    name="Idempotency-Key",
    type=_Key,
    description=(
        f"Makes retries safe: requests with the same key and body within {KEY_LIFETIME // 3600} hours create one item "
        "and get the same response."
    ),
    example="8e03978e-40d5-43e8-bc93-6894a57f9324",
)

EXPOSED_HEADERS = (
    "ETag",
    "Location",
    "Retry-After",
    "Sunset",
    "WWW-Authenticate",
    "x-amzn-Remapped-WWW-Authenticate",  # a handler's challenge, which a REST API renames
    "x-amzn-RequestId",
)
"""The response headers that browsers otherwise hide from scripts (Fetch Standard, "CORS-exposed header name")."""


def expose_headers(additional: Iterable[str] = ()) -> str:
    """Return the value of Access-Control-Expose-Headers, whether a handler or API Gateway sends it."""
    return ", ".join((*EXPOSED_HEADERS, *additional))
