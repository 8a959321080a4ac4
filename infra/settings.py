"""A stack's settings, typed, with every mistake of its file reported at once."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal, TypeVar, cast, get_args, get_origin

import msgspec
import pulumi
from msgspec import Meta
from pulumi.runtime import config as pulumi_config

from authorizer.settings import (
    PRINTABLE,
    DecisionCacheSettings,
    Issuer,
    KeySettings,
    Name,
    RevocationSettings,
    is_printable,
    problems_of,
)
from handlers.contract import REQUIREMENT, FieldError, Invalid, validate

LogRetention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The retention periods that CloudWatch Logs allows, in days."""

S = TypeVar("S", bound=msgspec.Struct)

NAMESPACES = ("aws", "pulumi")
"""Settings of the provider and of Pulumi itself; all others are the project's own."""

Origin = Annotated[
    str,
    Meta(
        pattern=r"^(\*|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)\Z",
        extra={REQUIREMENT: 'an origin without a path, such as https://app.example.com, or "*"'},
    ),
]
VariableName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_]+\Z", extra={REQUIREMENT: "one or more letters, digits and underscores"})
]
VariableValue = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._~:/?#&=,-]+\Z",
        extra={REQUIREMENT: "one or more letters, digits and characters of . _ ~ : / ? # & = , -"},
    ),
]
"""What API Gateway allows in stage variables."""


class SettingsError(pulumi.RunError):
    """The stack's settings cannot be used. The message names each key, what was found and what is allowed."""


class UsagePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each client of a plan may use: `rate` requests per second, `burst` at once, `quota` in a period (a DAY).

    `clients` are listed by the name of their issuer.
    """

    name: Name
    rate: Annotated[int, Meta(ge=1, le=100_000)]
    burst: Annotated[int, Meta(ge=1, le=100_000)]
    quota: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    period: Literal["DAY", "WEEK", "MONTH"] | None = None
    clients: dict[str, tuple[Annotated[str, Meta(min_length=1, max_length=255)], ...]] = {}


class Usage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The usage plans, if any. `unlisted` names the plan that all clients of no plan share; without it they get 403."""

    plans: tuple[UsagePlan, ...] = ()
    unlisted: str | None = None

    @property
    def refuses(self) -> bool:
        """Whether clients of no plan are turned away."""
        return bool(self.plans) and self.unlisted is None

    def clients(self) -> list[tuple[str, str]]:
        """Every listed client, after its issuer's name."""
        return [
            (issuer, client) for plan in self.plans for issuer, clients in plan.clients.items() for client in clients
        ]


class StackSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What differs between stacks. Pulumi.yaml describes each setting and has its default."""

    issuers: Annotated[tuple[Issuer, ...], Meta(min_length=1)]
    cors_origins: tuple[Origin, ...] = ()
    protect_data: bool = False
    log_retention_days: LogRetention = 14
    log_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = "INFO"
    architecture: Literal["arm64", "x86_64", "host"] = "arm64"
    compiled_files: bool = False
    memory_megabytes: Annotated[int, Meta(ge=128, le=10240)] = 512
    timeout_seconds: Annotated[int, Meta(ge=3, le=29)] = 10
    authorizer_cache_seconds: Annotated[int, Meta(ge=0, le=3600)] = 300
    decision_cache: DecisionCacheSettings = DecisionCacheSettings()
    key_times: KeySettings = KeySettings()
    log_decisions: bool = True
    revocation: RevocationSettings = RevocationSettings()
    usage: Usage = Usage()
    throttle_rate: Annotated[int, Meta(ge=1, le=100_000)] = 100
    throttle_burst: Annotated[int, Meta(ge=1, le=100_000)] = 200
    validate_bodies: bool = False
    stage_variables: dict[VariableName, VariableValue] = {}
    tags: dict[str, str] = {}


def load(project: str, stack: str, values: Mapping[str, str] | None = None) -> StackSettings:
    """The stack's settings. Raises SettingsError that lists every mistake.

    `values` are as Pulumi hands them to a program: texts by `project:key`, with JSON for what is not a text.
    """
    given = pulumi_config.CONFIG.get() if values is None else values
    own = {key.removeprefix(f"{project}:"): value for key, value in given.items() if key.startswith(f"{project}:")}
    plain = {name: _plain(name, text) for name, text in own.items()}
    errors = [*_namespace_errors(project, given), *_region_errors(given)]
    try:
        settings = validate(plain, StackSettings)
    except Invalid as invalid:
        errors += invalid.errors
        settings = _readable(plain, StackSettings)
    reported = {error.field for error in errors}
    errors += [error for error in _authorizer_errors(settings, plain.get("issuers")) if error.field not in reported]
    if errors := [*errors, *_origin_errors(settings), *_usage_errors(settings)]:
        raise SettingsError(_report(project, stack, errors))
    return settings


def _readable(plain: Mapping[str, Any], kind: type[S]) -> S:
    """Return the fields that are valid by themselves; the others have their defaults, or are empty if required."""
    values: dict[str, Any] = {field.name: "" for field in msgspec.structs.fields(kind) if field.required}
    for field in msgspec.structs.fields(kind):
        if field.encode_name in plain:
            with suppress(msgspec.ValidationError):
                values[field.name] = msgspec.convert(plain[field.encode_name], field.type)
    return kind(**values)


def _plain(name: str, text: str) -> Any:
    """A setting's value: text where its field takes text, else what the text is as JSON, or the text if it is none."""
    field = next((field for field in msgspec.structs.fields(StackSettings) if field.encode_name == name), None)
    if field is None or (get_origin(field.type) is Literal and isinstance(get_args(field.type)[0], str)):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _namespace_errors(project: str, given: Mapping[str, str]) -> Iterator[FieldError]:
    """Keys in an unknown namespace, which is usually a misspelt one. Their values may be secrets and are not shown."""
    allowed = (project, *NAMESPACES)
    for key in given:
        if key.partition(":")[0] not in allowed:
            yield FieldError(key, f"unknown namespace; allowed are {', '.join(allowed)}")


def _region_errors(given: Mapping[str, str]) -> list[FieldError]:
    return [] if "aws:region" in given else [FieldError("aws:region", "required")]


def _authorizer_errors(settings: StackSettings, given: Any) -> Iterator[FieldError]:
    """The problems that the authorizer finds itself; issuers that have other mistakes are checked for them too."""
    raw = cast("list[Any]", given) if isinstance(given, list) else []
    issuers = settings.issuers or tuple(_readable(_object(each), Issuer) for each in raw)
    for field, requirement, found in problems_of(issuers, settings.key_times, settings.revocation):
        yield FieldError(field.replace("keys.", "keyTimes.", 1), requirement, found)


def _object(value: Any) -> dict[str, Any]:
    """An object of JSON; an empty one in the place of anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _origin_errors(settings: StackSettings) -> list[FieldError]:
    origins = settings.cors_origins
    if "*" not in origins or len(origins) == 1:
        return []
    return [FieldError("corsOrigins", 'either "*" alone or a list of origins', list(origins))]


def _usage_errors(settings: StackSettings) -> list[FieldError]:
    usage = settings.usage
    return [*_plan_errors(usage), *_client_errors(usage, {issuer.name: issuer for issuer in settings.issuers})]


def _plan_errors(usage: Usage) -> Iterator[FieldError]:
    names = [plan.name for plan in usage.plans]
    if usage.unlisted is not None and usage.unlisted not in names:
        known = ", ".join(dict.fromkeys(names)) or "none"
        yield FieldError("usage.unlisted", f"must be the name of a plan; plans: {known}", usage.unlisted)
    for index, plan in enumerate(usage.plans):
        key = f"usage.plans[{index}]"
        if plan.name in names[:index]:
            yield FieldError(f"{key}.name", "must not be that of another plan", plan.name)
        if plan.period is not None and plan.quota is None:
            yield FieldError(f"{key}.period", "needs a quota", plan.period)
        if not any(plan.clients.values()) and plan.name != usage.unlisted:
            yield FieldError(f"{key}.clients", "must not be empty, except for the plan that `unlisted` names")


def _client_errors(usage: Usage, issuers: Mapping[str, Issuer]) -> Iterator[FieldError]:
    """What is wrong with the clients; where the issuers cannot be read, their names are not checked."""
    listed: set[tuple[str, str]] = set()
    for index, plan in enumerate(usage.plans):
        for issuer, clients in plan.clients.items():
            key = f"usage.plans[{index}].clients.{issuer}"
            if issuers and issuer not in issuers:
                yield FieldError(key, f"unknown issuer; issuers: {', '.join(sorted(issuers))}")
            accepted = issuers[issuer].clients if issuer in issuers else ()
            for number, client in enumerate(clients):
                place = f"{key}[{number}]"
                if (issuer, client) in listed:
                    yield FieldError(place, "must be listed once", client)
                listed.add((issuer, client))
                if not is_printable(client):
                    yield FieldError(place, PRINTABLE, client[:40])
                elif accepted and client not in accepted:
                    yield FieldError(place, f"must be accepted by its issuer; clients: {', '.join(accepted)}", client)


def _report(project: str, stack: str, errors: list[FieldError]) -> str:
    lines = [f"Pulumi.{stack}.yaml: {len(errors)} setting{'s are' if len(errors) > 1 else ' is'} not usable"]
    for error in errors:
        found = "" if error.found is None else f" (found {json.dumps(error.found, default=str)})"
        key = error.field if ":" in error.field else f"{project}:{error.field}"
        lines.append(f"  {key}: {error.detail}{found}")
    return "\n".join(lines)
