"""Entity tags (RFC 9110 §8.8.3) and the lists of them in `If-Match` and `If-None-Match` (§13.1)."""

import re
from typing import Annotated

from msgspec import Meta

MAX_TAGS = 10
"""How many tags a header may list: a DynamoDB condition has a limit too."""

_OPAQUE = r"[!#-~]*"
_TAG = rf'(W/)?"{_OPAQUE}"'
_NEXT = re.compile(rf'\s*(W/)?"({_OPAQUE})"\s*(?:,|$)')

EntityTag = Annotated[str, Meta(pattern=r'^"[!#-~]+"$')]
EntityTags = Annotated[
    str,
    Meta(
        pattern=rf"^(\*|{_TAG}([ \t]*,[ \t]*{_TAG}){{0,{MAX_TAGS - 1}}})$", extra_json_schema={"format": "entity-tags"}
    ),
]


def entity_tag(revision: str) -> str:
    """Return the strong entity tag of a revision, which is random and so identifies one state of one item."""
    return f'"{revision}"'


def parse_entity_tags(header: str) -> list[tuple[bool, str]] | None:
    """Return whether each tag of a header is weak, and its revision; None for `*`. Raises ValueError."""
    if header.strip() == "*":
        return None
    tags: list[tuple[bool, str]] = []
    position = 0
    while not tags or position < len(header):
        match = _NEXT.match(header, position)
        if match is None or len(tags) == MAX_TAGS:
            raise ValueError(f'must be "*" or up to {MAX_TAGS} entity tags in double quotes, separated by commas')
        tags.append((match[1] is not None, match[2]))
        position = match.end()
    return tags
