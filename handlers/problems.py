"""Errors as clients see them: problem details (RFC 9457), and the one map from exceptions to them.

Problem
├── BadRequest            400
├── InvalidToken          401
├── NotFound              404
├── AlreadyExists         409
├── PreconditionFailed    412
├── TooLarge              413
├── UnsupportedMediaType  415
├── KeyReused             422
└── Unavailable           503
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from handlers.contract import FieldError, Invalid

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 50
"""How many mistakes of a request are reported: an answer has a limit of its own."""

MAX_TEXT = 500
"""How much of a text that the client sent is repeated, in characters."""

TYPE_PREFIX = "urn:gatehouse:problem:"

TITLES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
}
"""The names of RFC 9110 that Python has since 3.13: a title is the same on every version of it."""


class Problem(Exception):
    """An answer that is an error: `detail` is for the client's developer, `errors` names the fields at fault."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    slug: ClassVar[str] = "internal-error"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors

    def document(self, request_id: str) -> dict[str, Any]:
        """The problem details object; `request_id` is the one in the logs."""
        found: dict[str, Any] = {
            "type": f"{TYPE_PREFIX}{self.slug}",
            "title": TITLES.get(self.status, self.status.phrase),
            "status": int(self.status),
            "detail": _text(self.detail),
            "request_id": request_id,
        }
        if self.errors:
            reported = self.errors[:MAX_ERRORS]
            found["errors"] = [{"field": _text(error.field), "detail": _text(error.detail)} for error in reported]
        return found


class BadRequest(Problem):
    """The request does not fit the contract."""

    status = HTTPStatus.BAD_REQUEST
    slug = "bad-request"


class InvalidToken(Problem):
    """The token has expired since the authorizer's answer was cached (RFC 6750 §3.1)."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "invalid-token"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class NotFound(Problem):
    """There is no such item, or it is another owner's: the two look the same."""

    status = HTTPStatus.NOT_FOUND
    slug = "not-found"


class AlreadyExists(Problem):
    """The chosen id is taken."""

    status = HTTPStatus.CONFLICT
    slug = "already-exists"


class PreconditionFailed(Problem):
    """The item has changed since the client read it (RFC 9110 §13.1.1)."""

    status = HTTPStatus.PRECONDITION_FAILED
    slug = "precondition-failed"


class TooLarge(Problem):
    """The item is larger than can be stored."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-large"


class UnsupportedMediaType(Problem):
    """The body is not of a type that the operation reads."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "unsupported-media-type"


class KeyReused(Problem):
    """An idempotency key came again with another body."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "key-reused"


class Unavailable(Problem):
    """The database could not answer now; the same request may succeed later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


def _text(text: str) -> str:
    """What can be sent of a text that may hold what the client sent: no half surrogate pairs, and not too much."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()


def problem_of(error: Exception) -> Problem:
    """The problem that answers an exception. What is not foreseen tells the client nothing of itself."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Invalid):
        return BadRequest("The request does not fit the schema.", error.errors)
    return Problem("The request could not be served. The fault is ours.")
