"""The catalogue of problems: every error response of the API, as problem details (RFC 9457).

Handlers raise them, API Gateway's error responses are rendered from them, and the OpenAPI document describes them.
"""

from http import HTTPStatus
from typing import Any

import msgspec

TYPE_PREFIX = "urn:gatehouse:problem:"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of error.

    `title` is the status's name in RFC 9110, which Python's `HTTPStatus` has since 3.13 only. `detail` is the default
    for the body, `description` is for the OpenAPI document, and `members` are examples of the body's other members.
    `retry_after` (seconds) is sent as Retry-After, and `challenge` as the error code of WWW-Authenticate (RFC 6750 §3).
    """

    slug: str
    status: HTTPStatus
    title: str
    detail: str
    description: str
    members: dict[str, Any] = {}
    retry_after: int = 0
    challenge: str = ""

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
            "status": int(self.status),
            "detail": detail or self.detail,
            "request_id": request_id,
            **members,
        }


BAD_REQUEST = Problem(
    slug="bad-request",
    status=HTTPStatus.BAD_REQUEST,
    title="Bad Request",
    detail="The request does not match the schema.",
    description="The request does not match this document; `errors` names each invalid field, parameter or header.",
    members={"errors": [{"field": "name", "detail": "is required"}]},
)
INVALID_TOKEN = Problem(
    slug="invalid-token",
    status=HTTPStatus.UNAUTHORIZED,
    title="Unauthorized",
    detail="A valid bearer token is required.",
    description="The bearer token is missing, invalid or expired.",
    challenge="invalid_token",
)
INSUFFICIENT_SCOPE = Problem(
    slug="insufficient-scope",
    status=HTTPStatus.FORBIDDEN,
    title="Forbidden",
    detail="The token's scopes do not allow this request.",
    description="The token's scopes do not allow this request.",
    members={"scope": "openid"},
    challenge="insufficient_scope",
)
FORBIDDEN = Problem(
    slug="forbidden",
    status=HTTPStatus.FORBIDDEN,
    title="Forbidden",
    detail="The client has no usage plan.",
    description="The client has no usage plan, or a firewall rule rejected the request.",
)
NOT_FOUND = Problem(
    slug="not-found",
    status=HTTPStatus.NOT_FOUND,
    title="Not Found",
    detail="The item does not exist.",
    description="The item does not exist, or it belongs to another owner.",
)
ALREADY_EXISTS = Problem(
    slug="already-exists",
    status=HTTPStatus.CONFLICT,
    title="Conflict",
    detail="The id is already taken.",
    description="The id that the client chose is already taken.",
)
PRECONDITION_FAILED = Problem(
    slug="precondition-failed",
    status=HTTPStatus.PRECONDITION_FAILED,
    title="Precondition Failed",
    detail="The item changed since it was read.",
    description="The item's current entity tag is not in `If-Match`: the item changed since it was read.",
)
TOO_LARGE = Problem(
    slug="too-large",
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    title="Content Too Large",
    detail="An item must not be larger than 400 KB.",
    description=(
        "The item is larger than 400 KB. A request larger than 10 MB is rejected by API Gateway itself, without these "
        'headers and with a body that is not a problem but application/json: `{"message": "Request Too Long"}`.'
    ),
)
UNSUPPORTED_MEDIA_TYPE = Problem(
    slug="unsupported-media-type",
    status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    title="Unsupported Media Type",
    detail="The body's Content-Type is not supported.",
    description="The body's Content-Type is not one that the operation accepts, or the body has a Content-Encoding.",
)
KEY_REUSED = Problem(
    slug="key-reused",
    status=HTTPStatus.UNPROCESSABLE_ENTITY,
    title="Unprocessable Content",
    detail="The Idempotency-Key was already used with a different body.",
    description="The `Idempotency-Key` was already used with a different body.",
)
TOO_MANY_REQUESTS = Problem(
    slug="too-many-requests",
    status=HTTPStatus.TOO_MANY_REQUESTS,
    title="Too Many Requests",
    detail="Too many requests.",
    description="Too many requests were sent.",
    retry_after=1,
)
QUOTA_EXCEEDED = Problem(
    slug="quota-exceeded",
    status=HTTPStatus.TOO_MANY_REQUESTS,
    title="Too Many Requests",
    detail="The client's quota is used up.",
    description="The client's quota is used up.",
    retry_after=3600,
)
INTERNAL_ERROR = Problem(
    slug="internal-error",
    status=HTTPStatus.INTERNAL_SERVER_ERROR,
    title="Internal Server Error",
    detail="An internal error occurred.",
    description="An internal error occurred.",
)
BAD_GATEWAY = Problem(
    slug="bad-gateway",
    status=HTTPStatus.BAD_GATEWAY,
    title="Bad Gateway",
    detail="The request failed.",
    description="The function behind the route failed; a write may have succeeded or not.",
)
UNAVAILABLE = Problem(
    slug="unavailable",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="Service Unavailable",
    detail="The database did not answer in time.",
    description="The database did not answer, or the token could not be checked; a retry may succeed.",
    retry_after=1,
)
TIMEOUT = Problem(
    slug="timeout",
    status=HTTPStatus.GATEWAY_TIMEOUT,
    title="Gateway Timeout",
    detail="The request timed out.",
    description="The function behind the route did not answer in time; a write may have succeeded or not.",
)
