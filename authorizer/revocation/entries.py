"""What was revoked before its time: the entries of the list, and what they say about a caller.

An entry has the key `issuer#token#id` for one token, or `issuer#subject#sub` for all of a subject's tokens that were
issued until a moment; an issuer's name has no `#`. DynamoDB deletes an entry some time after `expires_at`.
"""

from typing import Any, Protocol

from authorizer.claims import Caller
from authorizer.settings import MAX_LEEWAY, MAX_LIFETIME, MAX_TEXT, is_printable

KEY = "revoked"
"""The attribute that is the key of an entry."""

ISSUED_UNTIL = "issued_until"
"""The attribute of a subject's entry: a token counts no more if it was issued in this second (since 1970) or before."""

EXPIRY = "expires_at"
"""The attribute (seconds since 1970) after which the entry is not needed."""


ENTRY_LIFETIME = MAX_LIFETIME + 2 * MAX_LEEWAY
"""Seconds that an entry is needed: what it covers was issued a leeway from now at most, and ends one after `exp`."""


class Revocations(Protocol):
    """A place that knows which tokens count no more."""

    def warm(self, seconds: float) -> None:
        """Get ready ahead of the first question, in so many seconds at most. Raises nothing."""
        ...

    def revoked(self, caller: Caller) -> bool:
        """Whether the caller's token, or all of the subject's, were revoked.

        Raises RevocationsUnavailable where that cannot be told.
        """
        ...


def token_key(issuer: str, token_id: str) -> str:
    """The key of a token's entry; `issuer` is the configured name. Raises ValueError for an id that no token has."""
    return _key(issuer, "token", token_id, "token's id")


def subject_key(issuer: str, subject: str) -> str:
    """The key of a subject's entry. Raises ValueError for a subject that no token has."""
    return _key(issuer, "subject", subject, "subject")


def _key(issuer: str, kind: str, value: str, called: str) -> str:
    if not value or not is_printable(value):
        raise ValueError(f"no {called} is {value!a:.40}: allowed are texts that print, of at most {MAX_TEXT} bytes")
    return f"{issuer}#{kind}#{value}"


def covers(entry: dict[str, dict[str, Any]], caller: Caller) -> bool:
    """Whether an entry that has one of the caller's keys revokes the caller's token. One that cannot be read does."""
    if entry.get(KEY) == {"S": token_key(caller.issuer, caller.token_id)}:
        return True
    try:
        until = int(entry[ISSUED_UNTIL]["N"])
    except (KeyError, TypeError, ValueError):
        return True
    return caller.issued_at is None or caller.issued_at < until + 1
