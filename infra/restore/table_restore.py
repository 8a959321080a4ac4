"""The restore of one table, step by step. Each step can be repeated, so an interrupted restore can be continued."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.restore.compare import Difference, Mode
from infra.restore.copy import Copy
from infra.restore.errors import RestoreError, aws_errors
from infra.restore.point import Clients, RestorePoint
from infra.restore.progress import Progress
from infra.restore.tables import Counts, Pace, Reader
from infra.restore.temporary import TemporaryTable

GB = 1024**3
RESTORE_PRICE = 0.15
"""Dollars per GB (us-east-1, November 2026)."""

READ_PRICE = 0.125e-6
"""Dollars per consistent read of 4 KB (us-east-1, November 2026)."""

ACTIONS = {Difference.MISSING: "put back", Difference.CHANGED: "rolled back", Difference.ADDED: "removed"}
FLAGS = {Difference.CHANGED: "--changed", Difference.ADDED: "--exact"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to restore, and how far to go.

    `check` stops before the temporary table is created; without `apply`, the stack's table is only read. `rate` limits
    the items per second that are read or written, 0 is unlimited.
    """

    point: RestorePoint
    mode: Mode = Mode.MISSING
    check: bool = False
    apply: bool = False
    discard: bool = False
    keep: bool = False
    segments: int = 4
    rate: float = 0


@dataclass(frozen=True)
class TableRestore:
    """The restore of the stack's table `name`. `report` gets what happens, apart from the results."""

    name: str
    plan: Plan
    clients: Clients
    report: Callable[[str], None]
    pause: Callable[[float], None] = time.sleep

    def run(self) -> Iterator[str]:
        """Carry out the plan and yield lines that describe it. Raises RestoreError."""
        with aws_errors():
            table = self._table()
            temporary = TemporaryTable(self.clients, table, self.plan.point, self.report, self.pause)
            if self.plan.discard:
                yield temporary.delete()
                return
            yield from self._checked(table, temporary)
            if not self.plan.check:
                yield from self._restored(table, temporary)

    def _table(self) -> Mapping[str, Any]:
        try:
            table = self.clients.dynamodb.describe_table(TableName=self.name)["Table"]
        except self.clients.dynamodb.exceptions.ResourceNotFoundException:
            region = self.clients.dynamodb.meta.region_name
            raise RestoreError(
                f"there is no table {self.name} in {region}, in the account of these credentials: is the "
                "stack deployed?"
            ) from None
        if table["TableStatus"] not in ("ACTIVE", "UPDATING"):
            raise RestoreError(f"table {self.name} cannot be restored while its status is {table['TableStatus']}")
        return table

    def _checked(self, table: Mapping[str, Any], temporary: TemporaryTable) -> Iterator[str]:
        """Check that the restore can start, or continue, and describe it."""
        items, size = table["ItemCount"], table["TableSizeBytes"]
        yield f"Table {self.name}: about {items:,} items, {size / 1024**2:,.1f} MB."
        if temporary.description() is None:
            temporary.require_no_other()
            yield f"Restore point: {self.plan.point.check(self.clients, table)}."
            reads = 4 * max(items, size / 4096)
            yield (
                f"Estimated cost: ${size / GB * RESTORE_PRICE:,.2f} for restoring, ${reads * READ_PRICE:,.2f} for each "
                "comparison (list prices of us-east-1)."
            )

    def _restored(self, table: Mapping[str, Any], temporary: TemporaryTable) -> Iterator[str]:
        restored = temporary.restore()
        copy = Copy(
            reader=Reader(self.clients.dynamodb, _keys(table), Pace(self.plan.rate)),
            source=temporary.name,
            target=self.name,
            began=restored["CreationDateTime"],
            progress=Progress(f"{self.name}: compared", 2 * table["ItemCount"]),
            undone=self.plan.mode.value if self.plan.apply else frozenset(),
            segments=self.plan.segments,
        )
        yield from self._applied(copy, temporary) if self.plan.apply else self._compared(copy)

    def _compared(self, copy: Copy) -> Iterator[str]:
        counts = copy.run()
        yield f"Since the restore point, in table {self.name}:"
        yield from self._table_of(counts)
        yield (
            "Nothing was changed. To restore, run the command again with --apply; to delete the temporary table, with "
            "--discard."
        )

    def _table_of(self, counts: Counts) -> Iterator[str]:
        """Yield a line for each difference that was found, with what the mode does about it."""
        for difference in Difference:
            if not counts[difference]:
                continue
            action = ""
            if difference in self.plan.mode.value:
                action = f": to be {ACTIONS[difference]}"
            elif difference in FLAGS:
                action = f": kept ({ACTIONS[difference]} with {FLAGS[difference]})"
            yield f"  {counts[difference]:>10,} {difference.value}{action}"

    def _applied(self, copy: Copy, temporary: TemporaryTable) -> Iterator[str]:
        yield f"Backup of the table as it is now: {temporary.backup(copy.began)}"
        counts = copy.run()
        done = ", ".join(f"{counts[each]:,} {ACTIONS[each]}" for each in Difference if each in self.plan.mode.value)
        yield f"Table {self.name}: {done}."
        kept = copy.verify(Progress(f"{self.name}: verified", copy.progress.total))[Difference.RECENT]
        yield "Verified: nothing is left to restore." + (
            f" {kept:,} items that were written since the restore began ({copy.began:%Y-%m-%dT%H:%M:%S%z}) were kept."
            if kept
            else ""
        )
        kept_table = f"Kept the temporary table {temporary.name}; --discard deletes it."
        yield kept_table if self.plan.keep else temporary.delete()


def _keys(table: Mapping[str, Any]) -> Sequence[str]:
    return [each["AttributeName"] for each in table["KeySchema"]]
