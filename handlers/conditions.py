"""Conditional requests: `If-Match` and `If-None-Match` (RFC 9110 §13.1)."""

import re

from handlers.contract import FieldError
from handlers.http import Request
from handlers.problems import BadRequest

_TAGS = re.compile(r'\s*(W/)?"([\x21\x23-\x7e]*)"\s*(?:,|$)')

MAX_TAGS = 10
"""How many tags a header may name: a condition of DynamoDB has a limit too."""


def if_match(request: Request) -> tuple[str, ...] | None:
    """The revisions that the client allows to be changed; None where it allows any.

    A weak tag never matches here (§13.1.1), so it allows none. Raises BadRequest.
    """
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    strong = tuple(tag for weak, tag in _tags("If-Match", header) if not weak)
    return strong or ("",)


def is_current(request: Request, revision: str) -> bool:
    """Whether `If-None-Match` says that the client has this revision already (§13.1.2, weak comparison)."""
    header = request.headers.get("if-none-match")
    if header is None:
        return False
    return header.strip() == "*" or any(tag == revision for _, tag in _tags("If-None-Match", header))


def _tags(name: str, header: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while not found or position < len(header):
        match = _TAGS.match(header, position)
        if match is None or len(found) == MAX_TAGS:
            allowed = f'allowed is "*" or up to {MAX_TAGS} entity tags in quotes, separated by commas'
            raise BadRequest(f"The header {name} is not valid.", (FieldError(name, allowed),))
        found.append((match[1] or "", match[2]))
        position = match.end()
    return found
