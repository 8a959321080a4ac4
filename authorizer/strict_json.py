"""JSON that has one meaning: UTF-8, no duplicate members, nothing but what RFC 8259 allows."""

import json
from collections.abc import Iterable
from typing import Any, cast

import msgspec

from authorizer.errors import DuplicateMember, JsonMalformed, KeySetMalformed

LONG = 4096
"""Bytes above which the slow check is made: Python's own reader refuses numbers of more than 4,300 digits."""

MAX_DEPTH = 32
"""Levels of objects and lists in one another; how many a reader can take depends on the reader."""

_object = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder()


def members(raw: bytes) -> dict[str, Any]:
    """The object's members. Raises JsonMalformed, or DuplicateMember where readers could disagree about its meaning.

    A reader keeps one of two members of the same name. So what is read is written again: the same bytes mean that
    nothing was lost. They differ also where the object is spaced or escaped in another way; then it is read once more
    by a reader that shows every member.
    """
    try:
        found = _object.decode(raw)
        if len(raw) > LONG or _encoder.encode(found) != raw:
            json.loads(raw.decode(), object_pairs_hook=_each_once)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise JsonMalformed from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _check_depth(found)
    return found


def document(raw: bytes, kind: str) -> dict[str, Any]:
    """The members of an issuer's document of a kind, such as "JWKS". Raises KeySetMalformed."""
    try:
        return members(raw)
    except DuplicateMember:
        raise KeySetMalformed(f"duplicate member in the {kind} document") from None
    except JsonMalformed:
        raise KeySetMalformed(f"not a {kind} document") from None


def _check_depth(found: object) -> None:
    level: list[object] = [found]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    if any(isinstance(each, dict | list) for each in level):
        raise JsonMalformed


def _inside(outer: object) -> Iterable[object]:
    """What is in an object or a list."""
    if isinstance(outer, dict):
        return cast("dict[str, object]", outer).values()
    return cast("list[object]", outer) if isinstance(outer, list) else ()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    once = dict(pairs)
    if len(once) != len(pairs):
        raise DuplicateMember
    return once
