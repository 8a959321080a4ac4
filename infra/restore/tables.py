"""Reading a table in parallel segments, page by page, so that memory does not grow with the table."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from infra.restore.compare import Difference, Item
from infra.restore.errors import RestoreError

PAGE = 100
"""Items that are read at once: the most keys that DynamoDB allows in a batch (AWS, "BatchGetItem")."""

ATTEMPTS = 12
"""Attempts to read a batch of which each returns nothing. They take about a minute and a half."""

MAX_PAUSE = 20.0

Key = tuple[Any, ...]
Counts = Counter[Difference]


@dataclass
class Pace:
    """Limits how many items per second all threads together read or write; 0 is unlimited."""

    rate: float = 0
    sleep: Callable[[float], None] = time.sleep
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0.0

    def take(self, number: int) -> None:
        """Wait until `number` more items may be read or written."""
        if not self.rate:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + number / self.rate
        self.sleep(start - now)


@dataclass(frozen=True)
class Reader:
    """Reads tables with the same keys, consistently."""

    dynamodb: Any
    keys: Sequence[str]
    pace: Pace

    def key(self, item: Item) -> Item:
        """Return the key attributes of an item."""
        return {name: item[name] for name in self.keys}

    def batches(self, table: str, segment: int, segments: int, stop: threading.Event) -> Iterator[list[Item]]:
        """Yield the items of a segment of a table, at most PAGE, or those of one second, at once, until `stop`."""
        start: dict[str, Any] = {}
        limit = min(PAGE, int(self.pace.rate) or PAGE)
        while not stop.is_set():
            page = self.dynamodb.scan(
                TableName=table, Segment=segment, TotalSegments=segments, Limit=limit, ConsistentRead=True, **start
            )
            if page["Items"]:
                yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def find(self, table: str, items: Sequence[Item]) -> dict[Key, Item]:
        """Return the items of a table with the keys of other items, by `identity`. Raises RestoreError."""
        self.pace.take(len(items))
        found: dict[Key, Item] = {}
        request: dict[str, Any] = {table: {"Keys": [self.key(each) for each in items], "ConsistentRead": True}}
        attempt = 0
        while attempt < ATTEMPTS:
            response = self.dynamodb.batch_get_item(RequestItems=request)
            read: list[Item] = response["Responses"].get(table, [])
            found |= {self.identity(each): each for each in read}
            request = response.get("UnprocessedKeys") or {}
            if not request:
                return found
            # DynamoDB returns what exceeds 16 MB, or the throughput, as unprocessed.
            attempt = 0 if read else attempt + 1
            self.pace.sleep(min(0.05 * 2**attempt, MAX_PAUSE))
        raise RestoreError(f"BatchGetItem: {table} is throttled; run the command again, with a lower --rate")

    def identity(self, item: Item) -> Key:
        """Return a value that is equal for equal keys."""
        return tuple(next(iter(item[name].items())) for name in self.keys)


def in_segments(segments: int, work: Callable[[int, threading.Event], Counts]) -> Counts:
    """Run `work` for each segment in its own thread, and return the sum of the counts.

    `work` gets an event that is set when another thread failed, or when the user pressed Ctrl-C.
    """
    stop = threading.Event()

    def guarded(segment: int) -> Counts:
        try:
            return work(segment, stop)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(segments) as pool:
        try:
            return sum(pool.map(guarded, range(segments)), Counts())
        finally:
            stop.set()
