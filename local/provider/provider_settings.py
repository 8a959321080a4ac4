"""The settings of a program's provider resource (`pulumi_aws.Provider`) that the local provider honours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

ACCOUNT_VARIABLE = "AWS_ACCOUNT_ID"
"""The environment variable with the account that look-ups of a preview without an endpoint find."""

_IGNORED = frozenset({"profile", "assumeRoles", "skipCredentialsValidation", "skipRegionValidation"})
"""What decides which credentials the real provider uses; the emulator has one account, whose root user is used."""

_OF_THE_ENGINE = frozenset({"version", "__internal"})


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """The region, the accounts that may be changed (any, if empty), and the tags on every resource."""

    region: str | None = None
    allowed_account_ids: Sequence[str] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Read the inputs of a provider resource, in which all values but strings are JSON.

        Raises ValueError for settings that are not supported, whose effect would otherwise be missing.
        """
        known = {"region": "region", "allowedAccountIds": "allowed_account_ids", "defaultTags": "default_tags"}
        given = {name: _parsed(value) for name, value in settings.items() if name not in _IGNORED | _OF_THE_ENGINE}
        if unknown := sorted(given.keys() - known.keys() - {name for name, value in given.items() if value is False}):
            raise ValueError(f"the local provider does not support these provider settings: {', '.join(unknown)}")
        found: dict[str, Any] = {known[name]: value for name, value in given.items() if name in known}
        if "default_tags" in found:
            found["default_tags"] = found["default_tags"].get("tags", {})
        return cls(**found)

    def require(self, *, account: str, region: str) -> None:
        """Raise ValueError unless this account may be changed, and the region is the one asked for."""
        if self.allowed_account_ids and account not in self.allowed_account_ids:
            allowed = ", ".join(self.allowed_account_ids)
            raise ValueError(f"AWS account {account} is not allowed; allowed: {allowed}")
        if self.region not in (None, region):
            raise ValueError(f"region must be {region}, the only region of the local stack, not {self.region}")


def _parsed(value: Any) -> Any:
    """Return a setting's value; a region or a profile is not JSON, and an account's id must stay a string."""
    if not isinstance(value, str) or value[:1] not in ("{", "[", "t", "f"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
