"""Compare a temporary table with the stack's table, and undo differences.

Every write has a condition, so that it changes only what was compared; a client that was faster wins.
"""

import threading
import time
from collections import Counter
from collections.abc import Mapping
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
        """Compare a segment of the restore point with the present items."""
        counts: Counts = Counter()
        for batch in self.reader.batches(self.source, segment, self.segments, stop):
            present = self.reader.find(self.target, batch)
            for each in batch:
                seen = present.get(self.reader.identity(each))
                counts[self._undo(comparison, self.reader.key(each), each, seen)] += 1
            self.progress.add(done=len(batch))
        return counts

    def _remove(self, comparison: Comparison, segment: int, stop: threading.Event) -> Counts:
        """Find the items of a segment of the present table that the restore point does not have."""
        counts: Counts = Counter()
        for batch in self.reader.batches(self.target, segment, self.segments, stop):
            restored = self.reader.find(self.source, batch)
            for each in batch:
                if self.reader.identity(each) not in restored:
                    counts[self._undo(comparison, self.reader.key(each), None, each)] += 1
            self.progress.add(done=len(batch))
        return counts

    def _undo(self, comparison: Comparison, key: Item, restored: Item | None, seen: Item | None) -> Difference:
        """Return the difference of the item with a key, which is undone if it should be and no client is faster."""
        difference = comparison.difference(restored, seen)
        if difference not in self.undone:
            return difference
        if seen is None or difference is Difference.MISSING:
            condition = comparison.missing(self.reader.keys[0])
        else:
            condition = unchanged(self.reader.keys[0], seen)
        return difference if self._write(key, restored, condition) else Difference.RECENT

    def _write(self, key: Item, restored: Item | None, condition: Mapping[str, Any]) -> bool:
        """Put an item of the restore point or, without one, delete the present item.

        Return False if a client was faster. The condition also fails if an earlier attempt wrote the item.
        """
        dynamodb = self.reader.dynamodb
        write = partial(dynamodb.put_item, Item=restored) if restored else partial(dynamodb.delete_item, Key=key)
        self.reader.pace.take(1)
        try:
            write(TableName=self.target, ReturnValuesOnConditionCheckFailure="ALL_OLD", **condition)
        except ClientError as error:
            if code_of(error) not in CLIENT_WAS_FASTER:
                raise
            if error.response.get("Item") != restored:
                return False
        self.progress.add(written=1)
        return True
