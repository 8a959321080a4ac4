"""JSON that every parser reads in the same way: UTF-8, no duplicate members, nothing but RFC 8259."""

import json
from typing import Any, cast

import msgspec

from authorizer.errors import DuplicateMember, JsonMalformed, KeySetMalformed

MAX_BYTES_WITHOUT_CHECK = 4096
"""Longer documents are always checked by Python's `json`, because it rejects numbers of more than 4,300 digits."""

MAX_DEPTH = 32
"""Nesting levels of objects and lists, because parsers have different limits."""

_object = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder()


def parse_object(raw: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises JsonMalformed, or DuplicateMember.

    msgspec keeps the last of several members with the same name. Therefore the result is encoded again: equal bytes
    prove that no member was dropped. If the bytes differ, perhaps only in white space or escapes, Python's `json`
    parses them too, because it reports every member.
    """
    try:
        found = _object.decode(raw)
        if len(raw) > MAX_BYTES_WITHOUT_CHECK or _encoder.encode(found) != raw:
            json.loads(raw.decode(), object_pairs_hook=_reject_duplicates)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise JsonMalformed from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _check_depth(found)
    return found


def parse_document(raw: bytes, kind: str) -> dict[str, Any]:
    """Parse an issuer's document of a kind, such as "JWKS". Raises KeySetMalformed."""
    try:
        return parse_object(raw)
    except DuplicateMember:
        raise KeySetMalformed(f"duplicate member in the {kind} document") from None
    except JsonMalformed:
        raise KeySetMalformed(f"not a {kind} document") from None


def _check_depth(value: Any, levels: int = MAX_DEPTH) -> None:
    if isinstance(value, dict):
        value = list(cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        if not levels:
            raise JsonMalformed
        for child in cast("list[Any]", value):
            _check_depth(child, levels - 1)


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateMember
    return members
