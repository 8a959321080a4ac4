"""The list of what was revoked before its time, asked on each decision that is not remembered."""

from typing import Protocol


class Revocations(Protocol):
    """A place that knows which tokens count no more."""

    def revoked(self, issuer: str, token_id: str, subject: str) -> bool:
        """Whether this token, or everything of its subject, was revoked. `issuer` is the configured name.

        Raises RevocationsUnavailable where that cannot be told.
        """
        ...
