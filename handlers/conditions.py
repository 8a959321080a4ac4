"""Conditional requests: `If-Match` and `If-None-Match` (RFC 9110 §13.1)."""

from handlers.contract import FieldError
from handlers.contract.entity_tags import parse_entity_tags
from handlers.contract.headers import IF_MATCH, IF_NONE_MATCH, RequestHeader
from handlers.errors import BadRequest
from handlers.http import Request


def if_match(request: Request) -> tuple[str, ...] | None:
    """Return the revisions at which the client allows the change; None if it allows any. Raises BadRequest.

    A weak tag never matches (§13.1.1), so a header with only weak tags allows no revision.
    """
    tags = _tags(request, IF_MATCH) if IF_MATCH.name.lower() in request.headers else None
    return None if tags is None else tuple(tag for weak, tag in tags if not weak) or ("",)


def is_current(request: Request, revision: str) -> bool:
    """Return whether the client already has this revision (`If-None-Match`, §13.1.2). Raises BadRequest."""
    if IF_NONE_MATCH.name.lower() not in request.headers:
        return False
    tags = _tags(request, IF_NONE_MATCH)
    return tags is None or any(tag == revision for _, tag in tags)


def _tags(request: Request, header: RequestHeader) -> list[tuple[bool, str]] | None:
    try:
        return parse_entity_tags(request.headers[header.name.lower()])
    except ValueError as error:
        raise BadRequest(f"The header {header.name} is invalid.", (FieldError(header.name, str(error)),)) from None
