"""JSON that has one meaning: UTF-8, no duplicate members, nothing but what RFC 8259 allows."""

import json
from typing import Any

import msgspec

from authorizer.errors import JsonMalformed, MemberTwice

LONG = 4096
"""Bytes above which the slow check is made: Python's own reader refuses numbers of more than 4,300 digits."""

_object = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder()


def members(raw: bytes) -> dict[str, Any]:
    """The object's members. Raises JsonMalformed, or MemberTwice where readers could disagree about its meaning.

    A reader keeps one of two members of the same name. So what is read is written again: the same bytes mean that
    nothing was lost. They differ also where the object is spaced or escaped in another way; then it is read once more
    by a reader that shows every member.
    """
    try:
        found = _object.decode(raw)
        if len(raw) > LONG or _encoder.encode(found) != raw:
            json.loads(raw.decode(), object_pairs_hook=_each_once)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise JsonMalformed("not a JSON object in UTF-8") from None
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    once = dict(pairs)
    if len(once) != len(pairs):
        raise MemberTwice("a member occurs twice")
    return once
