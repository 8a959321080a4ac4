"""The authenticated caller of a request, from the authorizer's context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.contract import Collection
from handlers.contract.problem import INVALID_TOKEN
from handlers.errors import ProblemError


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The caller: the owner of data, the issuer's name, the tenant (may be empty), and the expiry in epoch seconds."""

    owner: str
    issuer: str
    tenant: str
    expires: float

    @classmethod
    def from_context(cls, authorizer: Mapping[str, Any], now: float) -> "Caller":
        """Return the caller of a context that API Gateway may have cached beyond the token's expiry.

        Raises a 401 error if the token has expired, and LookupError or ValueError if the authorizer is missing.
        """
        caller = cls(
            owner=str(authorizer["owner"]),
            issuer=str(authorizer.get("issuer", "")),
            tenant=str(authorizer.get("tenant", "")),
            expires=float(authorizer["expires"]),
        )
        if not caller.owner:
            raise LookupError("the authorizer's context has no owner")
        if not now < caller.expires:
            raise ProblemError(INVALID_TOKEN, "The token has expired.")
        return caller

    def partition(self, collection: Collection) -> str:
        """Return the partition of a collection's table that holds the caller's data. Raises LookupError."""
        if collection.partition == "shared":
            return "shared"
        if collection.partition == "tenant":
            if not self.tenant or not self.issuer:
                raise LookupError("the authorizer's context has no tenant, or no issuer")
            # A tenant's name is unique only within its issuer, as a subject is.
            return f"tenant#{self.issuer}#{self.tenant}"
        return self.owner
