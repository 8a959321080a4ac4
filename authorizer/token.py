"""Strict parsing of bearer tokens (RFC 7515 §5.2): for each token, exactly one text is accepted."""

from binascii import a2b_base64
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET

from authorizer import errors, strict_json

MAX_LENGTH = 8192
"""Characters of a token. API Gateway accepts 10,240 bytes of headers."""

SEGMENTS = 3

_PREFIX_LENGTH = len("Bearer ")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/***")
"""Translates base64url to base64, and the characters that only base64 has to an invalid one."""

_PADDING = (b"", b"", b"==", b"=")
_LAST = (_ALPHABET.translate(_FROM_URL), b"", _ALPHABET[::16], _ALPHABET[::4])
"""The valid last characters of a segment by its length modulo 4: those whose unused trailing bits are zero."""


class Header(msgspec.Struct, frozen=True):
    """The relevant members of a header. A header with any of the members of type `Any` is rejected."""

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
    """A well-formed token that is not verified yet."""

    header: Header
    signing_input: bytes
    payload: dict[str, Any]
    signature: bytes


def extract(credentials: str) -> str:
    """Return the token of an Authorization header's value (RFC 6750 §2.1): the scheme in any case, a space, the token.

    Raises CredentialsMissing, SchemeInvalid or TokenTooLong.
    """
    if not credentials:
        raise errors.CredentialsMissing
    if not credentials.startswith("Bearer ") and credentials[:_PREFIX_LENGTH].lower() != "bearer ":
        raise errors.SchemeInvalid
    if len(credentials) > MAX_LENGTH + _PREFIX_LENGTH:
        raise errors.TokenTooLong
    return credentials[_PREFIX_LENGTH:]


def parse(token: str) -> Token:
    """Parse a token. Raises TokenMalformed or HeaderInvalid."""
    try:
        raw = token.encode("ascii")
    except UnicodeEncodeError:
        raise errors.EncodingNotCanonical from None
    segments = raw.translate(_FROM_URL).split(b".")
    if len(segments) != SEGMENTS:
        raise errors.EncodingNotCanonical if raw.translate(None, _ALPHABET).strip(b".") else errors.SegmentsInvalid
    header, payload, signature = segments
    return Token(
        parse_header(header),
        raw[: len(header) + 1 + len(payload)],
        strict_json.parse_object(_decode(payload)),
        _decode(signature),
    )


def _decode(segment: bytes) -> bytes:
    """Decode a base64 text without padding (RFC 4648 §3.5, §5).

    `a2b_base64` ignores unused trailing bits, so that several texts would have the same bytes. Raises SegmentsInvalid
    for an empty text, and EncodingNotCanonical for non-zero trailing bits and invalid characters.
    """
    if not segment:
        raise errors.SegmentsInvalid
    remainder = len(segment) % 4
    if segment[-1] not in _LAST[remainder]:
        raise errors.EncodingNotCanonical
    try:
        return a2b_base64(segment + _PADDING[remainder], strict_mode=True)
    except ValueError:
        raise errors.EncodingNotCanonical from None


@lru_cache(maxsize=64)
def parse_header(segment: bytes) -> Header:
    """Parse a header segment, translated to base64. Raises TokenMalformed or HeaderInvalid.

    Tokens with the same key usually have equal headers, so the last ones are cached; rejected ones are not.
    """
    members = strict_json.parse_object(_decode(segment))
    # null is not a string (RFC 7515 §4.1.4, §4.1.9), but the Struct would treat it like a missing member.
    if any(members.get(name, "") is None for name in ("kid", "typ")):
        raise errors.JsonMalformed
    try:
        header = msgspec.convert(members, Header)
    except msgspec.ValidationError:
        raise errors.JsonMalformed from None
    if header.crit is not UNSET or header.b64 is not UNSET:
        raise errors.CriticalHeader
    if any(member is not UNSET for member in (header.jku, header.jwk, header.x5u, header.x5c, header.zip)):
        raise errors.KeyInHeader
    return header
