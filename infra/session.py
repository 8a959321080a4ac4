"""How the `infra.*` commands reach a deployed stack: with its region, profile and role, in an account that it allows.

These are the settings with which Pulumi deploys the stack (infra/provider.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
from botocore import credentials  # pyright: ignore[reportMissingTypeStubs]

from handlers.contract import FieldError
from infra import stack_file
from infra.branches import branch_of
from infra.naming import Names
from infra.provider import AssumedRole
from infra.settings import StackSettings, load
from infra.stack_file import ENCRYPTED, SettingsError


class AccountError(Exception):
    """The credentials are those of an account to which the stack must not be deployed."""


@dataclass(frozen=True)
class DeployedStack:
    """A stack's names and settings, and how to reach its account."""

    names: Names
    settings: StackSettings
    region: str
    profile: str | None

    @classmethod
    def read(cls, root: Path, stack: str, overrides: Mapping[str, str] | None = None) -> "DeployedStack":
        """Read a stack's file. Raises SettingsError."""
        file = stack_file.read(root, stack, overrides)
        settings = load(file.project, file.stack, file.values)
        profile = file.values.get("aws:profile")
        if profile == ENCRYPTED:
            raise SettingsError.of(file.project, file.stack, [FieldError("aws:profile", "", ENCRYPTED)])
        return cls(Names(file.project, stack, branch_of(root, stack)), settings, file.values["aws:region"], profile)

    def session(self) -> Any:
        """Return a boto3 session for the stack's account, with the stack's role if it has one.

        Credentials of a role are fetched again before they expire. The first call is sts:GetCallerIdentity, except
        that the role must be assumed before.

        Raises:
            AccountError: The account is not one of `gatehouse:provider.accountIds`.
            BotoCoreError, ClientError: There are no credentials, or the role cannot be assumed.
        """
        import boto3  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  slow, and only needed here

        provider = self.settings.provider
        own = botocore.session.Session(profile=self.profile)
        own.set_config_variable("region", self.region)
        session: Any = boto3.Session(
            botocore_session=_assuming(own, provider.assume_role) if provider.assume_role else own
        )
        if provider.account_ids:
            self._require_account(session)
        return session

    def _require_account(self, session: Any) -> None:
        found, allowed = session.client("sts").get_caller_identity()["Account"], self.settings.provider.account_ids
        if found not in allowed:
            raise AccountError(
                f"stack {self.names.stack} must not be operated in account {found}; "
                f"{self.names.project}:provider.accountIds allows: {', '.join(allowed)}"
            )


def _assuming(own: Any, role: AssumedRole) -> Any:
    """Return a botocore session with the credentials of a role, which the session `own` may assume."""
    extra = {"RoleSessionName": role.session_name}
    if role.external_id:
        extra["ExternalId"] = role.external_id
    fetcher: Any = credentials.AssumeRoleCredentialFetcher(own.create_client, own.get_credentials(), role.arn, extra)
    session: Any = botocore.session.Session(profile=own.profile)
    session.set_config_variable("region", own.get_config_variable("region"))
    resolver = session.get_component("credential_provider")
    resolver.providers.insert(0, _Assumed(fetcher))
    return session


class _Assumed(credentials.CredentialProvider):
    """Provides the credentials of a role, before all other providers."""

    METHOD = "assumed"

    def __init__(self, fetcher: Any) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> Any:
        """Return credentials that are fetched at their first use, and again before they expire."""
        return cast("Any", credentials).DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)
