"""The settings of the DynamoDB tables: their capacity, their protection, their encryption, and how long items live."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from handlers.contract import FieldError
from infra.naming import REVOCATIONS

ALL_DAYS = 35
"""The longest recovery period that DynamoDB has."""

UTILIZATION = 0.7
"""The part of the capacity in use that scaling aims at by default, which is that of DynamoDB's console."""


class Units(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read or write units per second of a table, and of each of its indexes."""

    minimum: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        Meta(description="The least capacity. Only with `mode: provisioned`, which needs it."),
    ] = None
    maximum: Annotated[
        Annotated[int, Meta(ge=0, le=1_000_000)] | None,
        Meta(
            description="The greatest capacity; more requests are throttled. By default it is the minimum or, on "
            "demand, AWS's quota. On demand, 0 removes a limit that was set before."
        ),
    ] = None
    utilization: Annotated[
        Annotated[float, Meta(ge=0.2, le=0.9)] | None,
        Meta(description=f"The part in use that scaling aims at, if the range has two ends. Default: {UTILIZATION}"),
    ] = None

    @property
    def is_scaled(self) -> bool:
        """Whether the capacity changes between two ends."""
        return self.minimum is not None and self.maximum is not None and self.minimum < self.maximum


class CapacitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much a table can read and write."""

    mode: Annotated[
        Literal["on-demand", "provisioned"],
        Meta(description="Whether each request is paid for, or a capacity that is there all the time."),
    ] = "on-demand"
    reads: Annotated[Units, Meta(description="Strongly consistent reads of 4 KB per second.")] = Units()
    writes: Annotated[Units, Meta(description="Writes of 1 KB per second.")] = Units()

    @property
    def is_provisioned(self) -> bool:
        """Whether the capacity is there all the time."""
        return self.mode == "provisioned"

    @property
    def by_kind(self) -> dict[str, Units]:
        """The units by what they are for, as the names of DynamoDB's properties begin: `read` and `write`."""
        return {"read": self.reads, "write": self.writes}

    def problems(self, key: str) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        for name, units in (("reads", self.reads), ("writes", self.writes)):
            problems = _provisioned_problems if self.is_provisioned else _on_demand_problems
            yield from problems(f"{key}.{name}", units)


class TableOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one table, which replace the stack's."""

    capacity: Annotated[CapacitySettings, Meta(description="How much the table can read and write.")]


class DataSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The DynamoDB tables."""

    protect: Annotated[
        bool,
        Meta(
            description="Whether Pulumi rejects the deletion of tables. With it, `deletionProtection` is true and "
            f"`recoveryDays` is {ALL_DAYS}, unless they are set."
        ),
    ] = False
    deletion_protection: Annotated[
        bool | None, Meta(description="Whether DynamoDB rejects the deletion of tables. By default as `protect`.")
    ] = None
    recovery_days: Annotated[
        Annotated[int, Meta(ge=0, le=ALL_DAYS)] | None,
        Meta(
            description="Days back to which tables can be restored, to any second (point-in-time recovery); 0 disables "
            f"it. By default {ALL_DAYS} with `protect` and otherwise 0."
        ),
    ] = None
    encryption: Annotated[
        Literal["owned", "customer"],
        Meta(description="Whether tables are encrypted with a key that AWS owns, or with one of the stack in KMS."),
    ] = "owned"
    capacity: Annotated[
        CapacitySettings, Meta(description="How much each table, and each index, can read and write.")
    ] = CapacitySettings()
    overrides: Annotated[
        dict[str, TableOverride],
        Meta(description=f"Other settings of the table of a collection, or of the denylist (`{REVOCATIONS}`)."),
    ] = {}
    lifetimes: Annotated[
        dict[str, Annotated[int, Meta(ge=1, le=36_500)]],
        Meta(description="Days after which items expire that are not written any more, by collection."),
    ] = {}

    @property
    def is_deletion_protected(self) -> bool:
        """Whether DynamoDB rejects the deletion of tables."""
        return self.protect if self.deletion_protection is None else self.deletion_protection

    @property
    def recovery_period(self) -> int:
        """Days back to which tables can be restored; 0 without point-in-time recovery."""
        return (ALL_DAYS if self.protect else 0) if self.recovery_days is None else self.recovery_days

    def capacity_of(self, table: str) -> CapacitySettings:
        """Return the capacity of the table with this name."""
        override = self.overrides.get(table)
        return override.capacity if override else self.capacity

    def problems(self) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        yield from self.capacity.problems("data.capacity")
        for name, override in self.overrides.items():
            yield from override.capacity.problems(f"data.overrides.{name}.capacity")

    def contract_problems(self, collections: Iterable[str]) -> Iterator[str]:
        """Yield a line for each name that is not one of a table or collection."""
        names = list(collections)
        for setting, given, allowed in (
            ("overrides", self.overrides, [*names, REVOCATIONS]),
            ("lifetimes", self.lifetimes, names),
        ):
            for name in given:
                if name not in allowed:
                    yield f"gatehouse:data.{setting}.{name}: unknown name; allowed: {', '.join(allowed)}"


def _provisioned_problems(key: str, units: Units) -> Iterator[FieldError]:
    if units.minimum is None:
        yield FieldError(f"{key}.minimum", "is required with mode: provisioned")
    elif units.maximum is not None and units.minimum > units.maximum:
        yield FieldError(f"{key}.minimum", f"must be at most maximum, {units.maximum}", units.minimum)
    elif units.utilization is not None and not units.is_scaled:
        yield FieldError(f"{key}.utilization", "needs a maximum above the minimum", units.utilization)


def _on_demand_problems(key: str, units: Units) -> Iterator[FieldError]:
    for name, value in (("minimum", units.minimum), ("utilization", units.utilization)):
        if value is not None:
            yield FieldError(f"{key}.{name}", "requires mode: provisioned", value)
