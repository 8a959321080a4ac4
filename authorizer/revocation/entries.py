"""The entries of the denylist: their keys, and which tokens they revoke.

The key `issuer#token#id` revokes one token; `issuer#subject#sub` revokes all tokens of a subject that were issued up to
a second. An issuer's name has no `#`. DynamoDB deletes an entry some time after `expires_at`.
"""

from typing import Any

from authorizer.claims import Caller
from authorizer.settings import MAX_LEEWAY, MAX_LIFETIME, MAX_TEXT, is_printable

KEY = "revoked"
"""The attribute with the key of an entry."""

ISSUED_UNTIL = "issued_until"
"""The attribute of a subject's entry: tokens issued in this second (since 1970) or before are revoked."""

EXPIRY = "expires_at"
"""The attribute with the second (since 1970) from which the entry is not needed."""

ENTRY_LIFETIME = MAX_LIFETIME + 2 * MAX_LEEWAY
"""Seconds for which an entry is needed: a token's `iat` may be one leeway in the future, and `exp` one in the past."""


def token_key(issuer: str, token_id: str) -> str:
    """Return the key of a token's entry; `issuer` is the configured name. Raises ValueError for an invalid id."""
    return _key(issuer, "token", token_id, "token id")


def subject_key(issuer: str, subject: str) -> str:
    """Return the key of a subject's entry, as `token_key` does. Raises ValueError for an invalid subject."""
    return _key(issuer, "subject", subject, "subject")


def _key(issuer: str, kind: str, value: str, label: str) -> str:
    if not value or not is_printable(value):
        raise ValueError(f"invalid {label} {value!a:.40}: must be printable and have 1 to {MAX_TEXT} bytes")
    return f"{issuer}#{kind}#{value}"


def is_revoked_by(entry: dict[str, dict[str, Any]], caller: Caller) -> bool:
    """Return whether an entry with one of the caller's keys revokes the token. A malformed entry does."""
    if entry.get(KEY) == {"S": token_key(caller.issuer, caller.token_id)}:
        return True
    try:
        until = int(entry[ISSUED_UNTIL]["N"])
    except (KeyError, TypeError, ValueError):
        return True
    return caller.issued_at is None or caller.issued_at < until + 1
