"""The catalogue of problems: every error response of the API, as problem details (RFC 9457).

Handlers raise them, API Gateway's error responses are rendered from them, and the OpenAPI document describes them.
"""

from http import HTTPStatus
from typing import Any

import msgspec

PROBLEM_JSON = "application/problem+json"
"""The media type of problem details."""

TYPE_PREFIX = "urn:gatehouse:problem:"

TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""The names in RFC 9110 that Python's `HTTPStatus` has only since 3.13."""


class Problem(msgspec.Struct, frozen=True):
    """One kind of error.

    `detail` is the default for the body, `description` is for the OpenAPI document (the detail if it is empty), and
    `members` are examples of the body's other members. `retry_after` (seconds) is sent as Retry-After, and `challenge`
    as the error code of WWW-Authenticate (RFC 6750 §3).
    """

    slug: str
    status: int
    detail: str
    description: str = ""
    members: dict[str, Any] = {}
    retry_after: int = 0
    challenge: str = ""

    @property
    def title(self) -> str:
        """The status's name in RFC 9110."""
        return TITLES.get(self.status, HTTPStatus(self.status).phrase)

    def headers(self, realm: str = "") -> dict[str, str]:
        """Return the response headers; a handler's challenge has no realm, because only the gateway knows it."""
        headers: dict[str, str] = {}
        if self.retry_after:
            headers["Retry-After"] = str(self.retry_after)
        if self.challenge:
            start = f'Bearer realm="{realm}", ' if realm else "Bearer "
            headers["WWW-Authenticate"] = f'{start}error="{self.challenge}"'
        return headers

    def body(self, request_id: str, detail: str = "", **members: Any) -> dict[str, Any]:
        """Return the problem details object; `request_id` is also in the logs."""
        return {
            "type": f"{TYPE_PREFIX}{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": detail or self.detail,
            "request_id": request_id,
            **members,
        }


BAD_REQUEST = Problem(
    "bad-request", 400, "The request does not match the schema.",
    "The request does not match this document; `errors` names each invalid field, parameter or header.",
    members={"errors": [{"field": "name", "detail": "is required"}]},
)  # fmt: skip
INVALID_TOKEN = Problem(
    "invalid-token", 401, "A valid bearer token is required.", "The bearer token is missing, invalid or expired.",
    challenge="invalid_token",
)  # fmt: skip
INSUFFICIENT_SCOPE = Problem(
    "insufficient-scope", 403, "The token's scopes do not allow this request.",
    members={"scope": "openid"}, challenge="insufficient_scope",
)  # fmt: skip
FORBIDDEN = Problem(
    "forbidden", 403, "The client has no usage plan.",
    "The client has no usage plan, or sent no valid API key where one is required, or a firewall rule rejected the "
    "request.",
)  # fmt: skip
NOT_FOUND = Problem(
    "not-found", 404, "The item does not exist.", "The item does not exist, or it belongs to another owner."
)
ALREADY_EXISTS = Problem(
    "already-exists", 409, "The id is already taken.", "The id that the client chose is already taken."
)
PRECONDITION_FAILED = Problem(
    "precondition-failed", 412, "The item changed since it was read.",
    "The item's current entity tag is not in `If-Match`: the item changed since it was read.",
)  # fmt: skip
TOO_LARGE = Problem(
    "too-large", 413, "An item must not be larger than 400 KB.",
    "The item is larger than 400 KB. A request larger than 10 MB is rejected by API Gateway itself, without these "
    'headers and with a body that is not a problem but application/json: `{"message": "Request Too Long"}`.',
)  # fmt: skip
UNSUPPORTED_MEDIA_TYPE = Problem(
    "unsupported-media-type", 415, "The body's Content-Type is not supported.",
    "The body's Content-Type is not one that the operation accepts, or the body has a Content-Encoding.",
)  # fmt: skip
KEY_REUSED = Problem(
    "key-reused", 422, "The Idempotency-Key was already used with a different body.",
    "The `Idempotency-Key` was already used with a different body.",
)  # fmt: skip
TOO_MANY_REQUESTS = Problem("too-many-requests", 429, "Too many requests.", retry_after=1)
QUOTA_EXCEEDED = Problem("quota-exceeded", 429, "The client's quota is used up.", retry_after=3600)
INTERNAL_ERROR = Problem("internal-error", 500, "An internal error occurred.")
BAD_GATEWAY = Problem(
    "bad-gateway", 502, "The request failed.",
    "The function behind the route failed; a write may have succeeded or not.",
)  # fmt: skip
UNAVAILABLE = Problem(
    "unavailable", 503, "The database did not answer in time.",
    "The database did not answer, or the token could not be checked; a retry may succeed.",
    retry_after=1,
)  # fmt: skip
READ_ONLY = Problem(
    "read-only", 503, "The API is read-only at the moment.",
    "The operator has made the API read-only for a while; nothing was changed.",
    retry_after=60,
)  # fmt: skip
TIMEOUT = Problem(
    "timeout", 504, "The request timed out.",
    "The function behind the route did not answer in time; a write may have succeeded or not.",
)  # fmt: skip
