"""Who calls, as the authorizer found out, and until when its finding holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.contract import Collection
from handlers.problems import InvalidToken


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The authenticated caller: owner of data, issuer's name, tenant (may be empty), expiry in epoch seconds."""

    owner: str
    issuer: str
    tenant: str
    expires: float

    @classmethod
    def from_context(cls, authorizer: Mapping[str, Any], now: float) -> "Caller":
        """The caller in the authorizer's context.

        API Gateway caches the authorizer's answer, also past the token's life, so the expiry is checked here for every
        request. Raises InvalidToken at expiry, and LookupError or ValueError for a route that no authorizer guards.
        """
        caller = cls(
            owner=str(authorizer["owner"]),
            issuer=str(authorizer.get("issuer", "")),
            tenant=str(authorizer.get("tenant", "")),
            expires=float(authorizer["expires"]),
        )
        if not caller.owner:
            raise LookupError("the authorizer names no owner")
        if not now < caller.expires:
            raise InvalidToken("The token has expired.")
        return caller

    def partition(self, collection: Collection) -> str:
        """The partition of a collection's table that holds the caller's data."""
        if collection.partition == "shared":
            return "shared"
        if collection.partition == "tenant":
            if not self.tenant or not self.issuer:
                raise LookupError("the authorizer names no tenant, or no issuer")
            # A tenant's name means something within its issuer only, as a subject does.
            return f"tenant#{self.issuer}#{self.tenant}"
        return self.owner
