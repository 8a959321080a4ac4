"""Compare a temporary table with the stack's table, and undo differences.

Every write has a condition, so that it changes only what was compared; a client that was faster wins.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from infra.restore.compare import Comparison, Difference, Item, unchanged
from infra.restore.errors import RestoreError, code_of
from infra.restore.progress import Progress
from infra.restore.tables import Counts, Reader, in_segments

CLIENT_WAS_FASTER = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
"""Errors of a write: a client wrote the item since the comparison, or is writing it in a transaction."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy from the temporary table `source` into the stack's table `target`.

    `undone` are the differences that it undoes; without any, it only compares.
    """

    reader: Reader
    source: str
    target: str
    began: datetime
    progress: Progress
    undone: frozenset[Difference] = frozenset()
    segments: int = 4

    def run(self) -> Counts:
        """Compare all items, undo differences, and return the numbers of differences that were found.

        A difference that a client caused meanwhile counts as recent.
        """
        comparison = Comparison(self.began, int(time.time()))
        counts = in_segments(self.segments, partial(self._restore, comparison))
        if not self.undone or Difference.ADDED in self.undone:
            counts.update(in_segments(self.segments, partial(self._remove, comparison)))
        self.progress.finish()
        return counts

    def verify(self, progress: Progress) -> Counts:
        """Compare again, and return what differs. Raises RestoreError if a difference to undo is left."""
        counts = replace(self, undone=frozenset(), progress=progress).run()
        if left := sum(counts[each] for each in self.undone):
            raise RestoreError(
                f"{left} items of {self.target} were changed again during the restore; "
                "run the command again, with gatehouse:api.readOnly"
            )
        return counts

    def _restore(self, comparison: Comparison, segment: int, stop: threading.Event) -> Counts:
        """Compare a segment of the restore point with the present items, and write those to be undone."""
        counts: Counts = Counter()
        for batch in self._batches(self.source, segment, stop):
            present = self.reader.find(self.target, batch)
            for restored in batch:
                seen = present.get(self.reader.identity(restored))
                difference = comparison.of_restored(restored, seen)
                if difference in self.undone:
                    condition = self._condition(comparison, seen, difference)
                    difference = self._write("put_item", difference, restored, condition, Item=restored)
                counts[difference] += 1
            self.progress.add(done=len(batch))
        return counts

    def _remove(self, comparison: Comparison, segment: int, stop: threading.Event) -> Counts:
        """Find the present items that the restore point does not have, and delete those to be undone."""
        counts: Counts = Counter()
        for batch in self._batches(self.target, segment, stop):
            restored = self.reader.find(self.source, batch)
            for present in batch:
                if self.reader.identity(present) in restored:
                    continue
                difference = comparison.of_added(present)
                if difference in self.undone:
                    condition = self._condition(comparison, present, difference)
                    difference = self._write("delete_item", difference, None, condition, Key=self.reader.key(present))
                counts[difference] += 1
            self.progress.add(done=len(batch))
        return counts

    def _batches(self, table: str, segment: int, stop: threading.Event) -> Iterator[list[Item]]:
        for batch in self.reader.batches(table, segment, self.segments):
            if stop.is_set():
                return
            yield batch

    def _condition(self, comparison: Comparison, seen: Item | None, difference: Difference) -> Mapping[str, Any]:
        """Return the condition of the write that undoes a difference: the item still differs in the same way."""
        key = self.reader.keys[0]
        if seen is None or difference is Difference.MISSING:
            return comparison.missing(key)
        return unchanged(key, seen)

    def _write(
        self,
        operation: str,
        difference: Difference,
        wanted: Item | None,
        condition: Mapping[str, Any],
        **arguments: Any,
    ) -> Difference:
        """Write an item if the condition holds. Otherwise a client wrote it, or an earlier attempt did."""
        self.reader.pace.take(1)
        try:
            getattr(self.reader.dynamodb, operation)(
                TableName=self.target, ReturnValuesOnConditionCheckFailure="ALL_OLD", **condition, **arguments
            )
        except ClientError as error:
            if code_of(error) not in CLIENT_WAS_FASTER:
                raise
            if error.response.get("Item") != wanted:
                return Difference.RECENT
        self.progress.add(written=1)
        return difference
