"""The settings of the account's project."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from pulumi.runtime import config as pulumi_config

from handlers.contract import REQUIREMENT, FieldError, Invalid, validate
from infra.config_values import key_errors, own_values, parsed, without_secret
from infra.edge.domain_settings import ZoneId
from infra.naming import MAX_NAME, Names
from infra.provider import ProviderSettings, Tags, tag_problems
from infra.stack_file import SettingsError

Repository = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9-]+/[A-Za-z0-9._-]+|[A-Za-z0-9-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)(?![\s\S])",
        extra={REQUIREMENT: "OWNER/REPOSITORY or, for tokens with ids, OWNER@ID/REPOSITORY@ID, without wildcards"},
    ),
]

EnvironmentName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,23}(?![\s\S])",
        extra={REQUIREMENT: "1 to 24 letters, digits, '.', '_' and '-', without wildcards"},
    ),
]

StackName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}(?![\s\S])",
        extra={REQUIREMENT: "1 to 32 letters, digits, '_' and '-', without wildcards"},
    ),
]

BUCKET = r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9](?![\s\S])"

BucketName = Annotated[
    str,
    Meta(
        pattern=BUCKET,
        extra={REQUIREMENT: "3 to 63 lower-case letters, digits and '-'"},
    ),
]

RESERVED = ("account", "gateway")
"""What names of stacks must not start with: their permissions would include the account's keys and roles."""

LogsRole = Literal["create", "replace", "existing"]

MOVED = {"replaceRole": "logsRole"}
"""The present keys of settings of earlier versions."""


class Environment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An environment of the repository, from which one stack and its branch stacks are deployed."""

    name: Annotated[EnvironmentName, Meta(description="The environment's name in GitHub.")]
    stack: Annotated[StackName, Meta(description="The stack. Its branch stacks are deployed from here too.")]
    hosted_zone: Annotated[
        ZoneId | None, Meta(description="The Route 53 zone for the records of the stack's domain.")
    ] = None


class PipelineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Roles with which GitHub Actions previews and deploys stacks."""

    repository: Annotated[
        Repository | None, Meta(description="The repository, as in the subjects of its tokens. Without it, no roles.")
    ] = None
    provider: Annotated[
        Literal["create", "existing"],
        Meta(description="Whether to create GitHub's OIDC provider, or use the one that the account has."),
    ] = "create"
    environments: Annotated[
        tuple[Environment, ...], Meta(description="The environments from which stacks are deployed.")
    ] = ()

    def problems(self, names: Names) -> Iterator[FieldError]:
        """Yield mistakes between the fields."""
        if self.environments and not self.repository:
            yield FieldError("pipeline.environments", "requires pipeline.repository")
        for index, each in enumerate(self.environments):
            field, others = f"pipeline.environments[{index}]", self.environments[:index]
            if len(role := names.resource(f"deploy-{each.name}")) > MAX_NAME:
                detail = f"{role}, the role's name, must have at most {MAX_NAME} characters"
                yield FieldError(f"{field}.name", detail)
            if each.stack.partition("-")[0] in RESERVED:
                yield FieldError(f"{field}.stack", f"must not start with {' or '.join(RESERVED)}", each.stack)
            if each.name.lower() in (other.name.lower() for other in others):
                yield FieldError(f"{field}.name", "must be unique, in upper and lower case", each.name)
            for other in others:
                if f"{each.stack}-".startswith(f"{other.stack}-") or f"{other.stack}-".startswith(f"{each.stack}-"):
                    detail = (
                        f"must not start with another environment's stack or be its beginning; {other.stack} is one"
                    )
                    yield FieldError(f"{field}.stack", detail, each.stack)


class StateSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A bucket and a key for Pulumi's state and secrets."""

    enabled: Annotated[bool, Meta(description="Whether to create them.")] = False
    bucket: Annotated[
        BucketName | None, Meta(description="The bucket's name. By default, it has the account's id and the region.")
    ] = None

    def problems(self, names: Names, region: str) -> Iterator[FieldError]:
        """Yield an error if S3 would reject the bucket's default name."""
        usual = f"{names.resource('state')}-{'0' * 12}-{region}"
        if self.enabled and not self.bucket and not re.match(BUCKET, usual):
            yield FieldError("state.bucket", f"is required, because S3 does not allow {usual}, the default")


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The settings of the account's project."""

    logs_role: Annotated[
        LogsRole,
        Meta(
            description="Whether to create the role for API Gateway's logs, replace that of another owner, or use it."
        ),
    ] = "create"
    pipeline: PipelineSettings = PipelineSettings()
    state: StateSettings = StateSettings()
    provider: ProviderSettings = ProviderSettings()
    tags: Tags = {}

    def problems(self, names: Names, region: str) -> Iterator[FieldError]:
        """Yield mistakes between the fields."""
        yield from self.provider.problems()
        yield from tag_problems(self.tags)
        yield from self.pipeline.problems(names)
        yield from self.state.problems(names, region)


def load(project: str, stack: str, values: Mapping[str, str] | None = None) -> AccountSettings:
    """Return the settings of the account's project. Raises SettingsError that lists every mistake."""
    given = pulumi_config.CONFIG.get() if values is None else values
    fields = [field.encode_name for field in msgspec.structs.fields(AccountSettings)]
    known = {name: text for name, text in own_values(project, given).items() if name in fields}
    errors = list(key_errors(project, given, fields, MOVED))
    settings = AccountSettings()
    try:
        settings = validate(parsed(known, AccountSettings), AccountSettings)
    except Invalid as invalid:
        errors += invalid.errors
    errors += settings.problems(Names(project, stack), given.get("aws:region", ""))
    if errors:
        raise SettingsError.of(project, stack, [without_secret(project, error) for error in errors])
    return settings
