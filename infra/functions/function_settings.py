"""The settings of the Lambda functions: of all, and of single ones."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from authorizer.revocation.environment import REVOCATIONS_TABLE
from authorizer.settings_file import USER_POOL
from handlers.contract import REQUIREMENT, FieldError
from handlers.environment import VARIABLES
from infra.functions.provisioned_concurrency import ProvisionedConcurrencySettings
from infra.logs import Level
from infra.packaging.target import RUNTIME

AUTHORIZER = "authorizer"
"""The authorizer's name in `overrides`."""

OWN_VARIABLES = (*VARIABLES, REVOCATIONS_TABLE, USER_POOL)
"""The environment variables that the program sets."""

Layout = Literal["operation", "collection", "single"]
Runtime = Annotated[
    Literal["python3.13", "python3.14"],
    Meta(description="The functions' version of Python. With the architecture `host`, it is the host's."),
]
Memory = Annotated[int, Meta(ge=128, le=10240, description="Memory of each function, in MB. The CPU grows with it.")]
Timeout = Annotated[int, Meta(ge=3, le=29, description="Seconds that a handler may run. API Gateway waits at most 29.")]
LogLevel = Annotated[Level, Meta(description="The lowest severity that is logged, instead of `logs.level`.")]
VariableName = Annotated[
    str,
    Meta(
        pattern=r"^(?!AWS_|LAMBDA_)[A-Za-z][A-Za-z0-9_]+(?![\s\S])",
        extra={REQUIREMENT: "2 or more letters, digits and underscores that do not start with AWS_ or LAMBDA_"},
    ),
]
"""What Lambda allows, except for its own names (AWS, "Working with Lambda environment variables")."""

Environment = Annotated[
    dict[VariableName, str], Meta(description="Environment variables. They are no place for secrets.")
]
Reserved = Annotated[
    int,
    Meta(ge=1, le=100_000, description="Concurrent invocations that are reserved for each function, and its limit."),
]
SnapStart = Annotated[
    bool, Meta(description="Whether functions start from a snapshot of an initialized one. Needs `versions`.")
]
Provisioned = Annotated[
    ProvisionedConcurrencySettings, Meta(description="Initialized environments of each function. Needs `versions`.")
]


class FunctionOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Settings of some functions, which replace the stack's. Environment variables are added to the stack's."""

    memory: Memory | None = None
    timeout: Timeout | None = None
    runtime: Runtime | None = None
    environment: Environment = {}
    reserved_concurrency: Reserved | None = None
    log_level: LogLevel | None = None
    snap_start: SnapStart | None = None
    provisioned_concurrency: Provisioned | None = None


class FunctionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The Lambda functions: the handlers and the authorizer."""

    architecture: Annotated[
        Literal["arm64", "x86_64", "host"],
        Meta(description="The processor. `host` is the machine that runs the local stack."),
    ] = "arm64"
    compiled_files: Annotated[
        bool,
        Meta(
            description="Whether bundles contain compiled Python files instead of sources, which shortens cold starts. "
            "The machine that deploys must have the functions' version of Python."
        ),
    ] = False
    layout: Annotated[
        Layout, Meta(description="Whether there is a function per operation of a collection, per collection, or one.")
    ] = "operation"
    layer: Annotated[
        bool, Meta(description="Whether the handlers' packages are in a layer, which all handlers share.")
    ] = False
    versions: Annotated[
        bool, Meta(description="Whether each deployment publishes a version, and API Gateway calls an alias of it.")
    ] = False
    tracing: Annotated[bool, Meta(description="Whether requests are traced with X-Ray.")] = False
    memory: Memory = 512
    timeout: Timeout = 10
    runtime: Runtime = RUNTIME
    environment: Environment = {}
    reserved_concurrency: Reserved | None = None
    snap_start: SnapStart = False
    provisioned_concurrency: Provisioned | None = None
    overrides: Annotated[
        dict[str, FunctionOverride],
        Meta(description="Other settings for a collection (`items`), a route (`items-list`) or the `authorizer`."),
    ] = {}

    def of(self, name: str) -> "FunctionSettings":
        """Return the settings of a function: an override of its name applies before one of its collection."""
        found = self
        for override in self._overrides_of(name):
            names = [each for each in override.__struct_fields__ if each in self.__struct_fields__]
            values = {each: value for each in names if (value := getattr(override, each)) is not None}
            values["environment"] = {**found.environment, **override.environment}
            found = msgspec.structs.replace(found, **values)
        return found

    def log_level(self, name: str, default: str) -> str:
        """Return the log level of a function; `default` is the stack's."""
        return next((each.log_level for each in reversed(self._overrides_of(name)) if each.log_level), default)

    def _overrides_of(self, name: str) -> list[FunctionOverride]:
        """Return a function's overrides, the most specific last. Names of collections have no hyphen."""
        keys = dict.fromkeys((name.partition("-")[0], name))
        return [self.overrides[key] for key in keys if key in self.overrides]

    def problems(self) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        yield from _problems("functions", self, self)
        for name, override in self.overrides.items():
            yield from _problems(f"functions.overrides.{name}", override, self.of(name))
        override = self.overrides.get(AUTHORIZER)
        if override and override.timeout is not None:
            key = f"functions.overrides.{AUTHORIZER}.timeout"
            yield FieldError(key, "must not be set: authorizer.keys limits the time of a decision", override.timeout)


def _problems(key: str, given: FunctionSettings | FunctionOverride, applied: FunctionSettings) -> Iterator[FieldError]:
    """Yield mistakes in the fields that are given at a place, as they apply there."""
    for name in given.environment:
        if name in OWN_VARIABLES:
            yield FieldError(f"{key}.environment.{name}", "is set by the program; choose another name")
    if given.snap_start and not applied.versions:
        yield FieldError(f"{key}.snapStart", "needs functions.versions", found=True)
    provisioned = given.provisioned_concurrency
    if provisioned is not None:
        yield from _provisioned_problems(f"{key}.provisionedConcurrency", provisioned, applied)
    elif applied.provisioned_concurrency is not None:
        yield from _problems_with_provisioned(key, given, applied.provisioned_concurrency)


def _problems_with_provisioned(
    key: str, given: FunctionSettings | FunctionOverride, inherited: ProvisionedConcurrencySettings
) -> Iterator[FieldError]:
    """Yield mistakes in the fields of an override, which inherits provisioned concurrency."""
    if given.snap_start:
        yield FieldError(f"{key}.snapStart", "must not be combined with provisionedConcurrency", found=True)
    limit = given.reserved_concurrency
    if limit is not None and inherited.most > limit:
        requirement = f"must be at least the greatest maximum of provisionedConcurrency, {inherited.most}"
        yield FieldError(f"{key}.reservedConcurrency", requirement, limit)


def _provisioned_problems(
    key: str, provisioned: ProvisionedConcurrencySettings, applied: FunctionSettings
) -> Iterator[FieldError]:
    yield from provisioned.problems(key)
    if not applied.versions:
        yield FieldError(key, "needs functions.versions")
    if applied.snap_start:
        yield FieldError(key, "must not be combined with snapStart")
    limit = applied.reserved_concurrency
    if limit is not None and provisioned.most > limit:
        yield FieldError(key, f"must be at most reservedConcurrency, {limit}", provisioned.most)
