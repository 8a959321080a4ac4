"""A bearer token taken apart, strictly (RFC 7515 §5.2): what is accepted has exactly one spelling."""

from binascii import a2b_base64
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET

from authorizer import strict_json
from authorizer.errors import (
    CredentialsMissing,
    CriticalHeader,
    EncodingNotCanonical,
    JsonMalformed,
    KeyInHeader,
    SchemeInvalid,
    SegmentsInvalid,
    TokenTooLong,
)

MAX_LENGTH = 8192
"""Characters of a token; API Gateway takes 10,240 bytes of headers in all."""

SEGMENTS = 3

_PREFIX_LENGTH = len("Bearer ")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/***")
"""base64url as base64; what only base64 has becomes a character that neither has."""

_PADDING = (b"", b"", b"==", b"=")
_LAST = (_ALPHABET.translate(_FROM_URL), b"", _ALPHABET[::16], _ALPHABET[::4])
"""The characters that may end a text, by its length modulo 4: those that leave no bit over."""


class Header(msgspec.Struct, frozen=True):
    """The header's members that matter. Those of any type are refused when present, whatever their value."""

    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: Any = UNSET
    b64: Any = UNSET
    jku: Any = UNSET
    jwk: Any = UNSET
    x5u: Any = UNSET
    x5c: Any = UNSET
    zip: Any = UNSET


class Token(msgspec.Struct, frozen=True):
    """A token that is well formed; nothing of it is verified yet. `members` are its payload's."""

    header: Header
    signing_input: bytes
    members: dict[str, Any]
    signature: bytes


def bearer(value: str) -> str:
    """The token of an Authorization header's value (RFC 6750 §2.1): the scheme in any case, one space, the token.

    Raises CredentialsMissing, SchemeInvalid or TokenTooLong.
    """
    if not value:
        raise CredentialsMissing
    if not value.startswith("Bearer ") and value[:_PREFIX_LENGTH].lower() != "bearer ":
        raise SchemeInvalid
    if len(value) > MAX_LENGTH + _PREFIX_LENGTH:
        raise TokenTooLong
    return value[_PREFIX_LENGTH:]


def parse(token: str) -> Token:
    """The token's parts. Raises TokenMalformed or HeaderInvalid."""
    try:
        raw = token.encode("ascii")
    except UnicodeEncodeError:
        raise EncodingNotCanonical from None
    segments = raw.translate(_FROM_URL).split(b".")
    if len(segments) != SEGMENTS:
        raise EncodingNotCanonical if raw.translate(None, _ALPHABET).strip(b".") else SegmentsInvalid
    header, payload, signature = segments
    return Token(
        read_header(header),
        raw[: len(header) + 1 + len(payload)],
        strict_json.members(_decoded(payload)),
        _decoded(signature),
    )


def _decoded(segment: bytes) -> bytes:
    """The bytes of a base64 text without padding, all of whose characters are the alphabet's (RFC 4648 §3.5, §5).

    The decoder would take loose bits at the end, and so give many texts the same bytes. Raises SegmentsInvalid for an
    empty text, EncodingNotCanonical for loose bits and characters of no base64url text.
    """
    if not segment:
        raise SegmentsInvalid
    over = len(segment) % 4
    if segment[-1] not in _LAST[over]:
        raise EncodingNotCanonical
    try:
        return a2b_base64(segment + _PADDING[over], strict_mode=True)
    except ValueError:
        raise EncodingNotCanonical from None


@lru_cache(maxsize=64)
def read_header(segment: bytes) -> Header:
    """The header in its segment, as base64. Raises TokenMalformed or HeaderInvalid.

    All tokens of one key share their header's text, so the last few are remembered; what is refused is not.
    """
    members = strict_json.members(_decoded(segment))
    # null is no string (RFC 7515 §4.1.4, §4.1.9); the Struct could not tell it from a member that is missing.
    if any(members.get(name, "") is None for name in ("kid", "typ")):
        raise JsonMalformed
    try:
        header = msgspec.convert(members, Header)
    except msgspec.ValidationError:
        raise JsonMalformed from None
    if header.crit is not UNSET or header.b64 is not UNSET:
        raise CriticalHeader
    if any(member is not UNSET for member in (header.jku, header.jwk, header.x5u, header.x5c, header.zip)):
        raise KeyInHeader
    return header
