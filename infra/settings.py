"""A stack's settings: one typed group per capability, with every mistake in a stack file reported at once."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, cast, get_args, get_origin

import msgspec
from msgspec import Meta
from pulumi.runtime import config as pulumi_config

from authorizer.settings import DeploymentSettings, Issuer, RevocationSettings, RouteScope, problems_of
from handlers.contract import FieldError, Invalid, Route, unwrapped, validate
from infra.api.api_settings import ApiSettings
from infra.api.rest_only import rest_only_problems
from infra.api.usage_settings import UsageSettings
from infra.authorizer.authorizer import AuthorizerSettings
from infra.checks.expected_arns import expected_stage
from infra.checks.response_size import with_policy_that_fits
from infra.config_values import key_errors, own_values, parsed, without_secret
from infra.data.backup_settings import BackupSettings
from infra.data.data_settings import DataSettings
from infra.edge.domain_settings import DomainSettings
from infra.edge.waf_settings import WafSettings
from infra.functions.function import FunctionDefaults
from infra.functions.function_settings import FunctionSettings
from infra.identity.identity_settings import IdentitySettings
from infra.logs import LogSettings
from infra.monitoring.monitoring_settings import MonitoringSettings
from infra.naming import Names
from infra.provider import ProviderSettings, Tags, tag_problems
from infra.stack_file import SettingsError

MOVED = {
    "corsOrigins": "api.corsOrigins",
    "throttleRate": "api.throttleRate",
    "throttleBurst": "api.throttleBurst",
    "validateBodies": "api.validateBodies",
    "stageVariables": "api.stageVariables",
    "architecture": "functions.architecture",
    "compiledFiles": "functions.compiledFiles",
    "memoryMegabytes": "functions.memory",
    "timeoutSeconds": "functions.timeout",
    "protectData": "data.protect",
    "authorizerCacheSeconds": "authorizer.policyCache",
    "decisionCache": "authorizer.decisionCache",
    "keyTimes": "authorizer.keys",
    "logRetentionDays": "logs.retentionDays",
    "logLevel": "logs.level",
    "logDecisions": "logs.decisions",
}
"""The present keys of settings of earlier versions."""


class StackSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a stack."""

    issuers: Annotated[
        tuple[Issuer, ...],
        Meta(description="The identity providers whose tokens are accepted. Required unless `identity` is enabled."),
    ] = ()
    identity: IdentitySettings = IdentitySettings()
    api: ApiSettings = ApiSettings()
    domain: DomainSettings = DomainSettings()
    waf: WafSettings = WafSettings()
    functions: FunctionSettings = FunctionSettings()
    data: DataSettings = DataSettings()
    backups: BackupSettings = BackupSettings()
    authorizer: AuthorizerSettings = AuthorizerSettings()
    usage: UsageSettings = UsageSettings()
    revocation: RevocationSettings = RevocationSettings()
    logs: LogSettings = LogSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    provider: ProviderSettings = ProviderSettings()
    tags: Tags = {}

    @property
    def all_issuers(self) -> tuple[Issuer, ...]:
        """The issuers and the user pool, with placeholders for what is known only after its creation."""
        return (*self.issuers, *self.identity.issuers())

    def function_defaults(self, names: Names) -> FunctionDefaults:
        """Return what all functions of the stack have in common."""
        metrics = self.monitoring.metrics(names)
        return FunctionDefaults(names=names, settings=self.functions, logs=self.logs, metrics=metrics)

    def for_authorizer(self, names: Names, routes: Sequence[Route]) -> DeploymentSettings:
        """Return the data in the authorizer's bundle. Raises ResponseTooLarge."""
        data = DeploymentSettings(
            project=names.project,
            stack=names.stack,
            issuers=self.issuers,
            routes=route_scopes(routes),
            keys=self.authorizer.keys,
            decision_cache=self.authorizer.decision_cache,
            revocation=self.revocation,
            usage=self.usage.clients(),
            log_decisions=self.logs.decisions,
        )
        pool = self.identity.issuer if self.identity.enabled else None
        return with_policy_that_fits(data, expected_stage(names.stack), self.authorizer.cache_by, pool)


def route_scopes(routes: Sequence[Route]) -> tuple[RouteScope, ...]:
    """Return what the authorizer needs to know of the routes."""
    return tuple(RouteScope(methods=route.operation.methods, path=route.path, scope=route.scope) for route in routes)


def load(project: str, stack: str, values: Mapping[str, str] | None = None) -> StackSettings:
    """Return the settings of a stack. Raises SettingsError that lists every mistake.

    `values` are settings as Pulumi passes them to a program: texts by `namespace:key`, JSON for structured values.
    """
    given = pulumi_config.CONFIG.get() if values is None else values
    own = own_values(project, given)
    known = parsed({name: own[name] for name in own if name in StackSettings.__struct_fields__}, StackSettings)
    errors = list(key_errors(project, given, StackSettings.__struct_fields__, MOVED))
    try:
        settings = validate(known, StackSettings)
    except Invalid as invalid:
        errors += invalid.errors
        settings = cast("StackSettings", _salvage(known, StackSettings))
    errors += _without_values(project, _rule_errors(settings, [error.field for error in errors]))
    if errors:
        raise SettingsError.of(project, stack, [without_secret(project, error) for error in errors])
    return settings


def _salvage(value: Any, kind: Any) -> Any:
    """Return the value as this type, without its constraints; parts of another type become empty.

    So rules between fields can be checked although some fields are invalid.
    """
    base = unwrapped(kind)
    for type_ in (kind, base):
        with suppress(msgspec.ValidationError):
            return msgspec.convert(value, type_)
    if isinstance(base, type) and issubclass(base, msgspec.Struct):
        given = _members(value, {})
        fields = [field for field in msgspec.structs.fields(base) if field.required or field.encode_name in given]
        return base(**{field.name: _salvage(given.get(field.encode_name), field.type) for field in fields})
    if get_origin(base) is tuple:
        return tuple(_salvage(member, get_args(base)[0]) for member in _members(value, []))
    if get_origin(base) is dict:
        return {name: _salvage(member, get_args(base)[1]) for name, member in _members(value, {}).items()}
    return base() if isinstance(base, type) else None


def _members(value: Any, empty: Any) -> Any:
    """Return the value if it is a container like `empty`, else `empty`."""
    return value if isinstance(value, type(empty)) else empty


def _without_values(project: str, errors: Iterable[FieldError]) -> Iterator[FieldError]:
    """Yield mistakes between fields, without what their details list if Pulumi has decrypted any of the settings."""
    is_secret = any(pulumi_config.is_config_secret(f"{project}:{name}") for name in StackSettings.__struct_fields__)
    for error in errors:
        yield FieldError(error.field, error.detail.partition("; ")[0]) if is_secret else error


def _rule_errors(settings: StackSettings, reported: Sequence[str]) -> Iterator[FieldError]:
    """Yield mistakes between fields, except in a field that is already reported and in the parts of one."""
    issuers_known = not any(field.startswith(("issuers", "identity")) for field in reported)
    authorizer = problems_of(settings.all_issuers, settings.authorizer.keys, settings.revocation)
    pool = re.escape(f"issuers[{len(settings.issuers)}].name")
    keys = {"^keys": "authorizer.keys", pool: "identity.issuer"}
    for error in (
        *(FieldError(_renamed(field, keys), *rest) for field, *rest in authorizer),
        *settings.provider.problems(),
        *tag_problems(settings.tags),
        *settings.identity.problems(),
        *settings.api.problems(),
        *settings.data.problems(),
        *settings.backups.problems(),
        *settings.domain.problems(),
        *settings.waf.problems(),
        *settings.functions.problems(),
        *rest_only_problems(settings),
        *settings.monitoring.problems(logs_decisions=settings.logs.decisions),
        *settings.usage.problems(settings.all_issuers if issuers_known else ()),
    ):
        if not any(re.match(rf"{re.escape(field)}($|[.\[])", error.field) for field in reported):
            yield error


def _renamed(field: str, keys: Mapping[str, str]) -> str:
    """Return the key of a setting that the authorizer knows by another name."""
    for pattern, key in keys.items():
        field = re.sub(pattern, key, field)
    return field
