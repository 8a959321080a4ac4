"""Reading a table in parallel segments, page by page, so that memory does not grow with the table."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from infra.restore.compare import Difference, Item
from infra.restore.errors import RestoreError

PAGE = 500
"""Items of a page. With items of 400 KB, DynamoDB ends it at 1 MB."""

BATCH = 100
"""Keys of a batch, the most that DynamoDB allows (AWS, "BatchGetItem")."""

ATTEMPTS = 12
MAX_PAUSE = 20.0

Key = tuple[Any, ...]
Counts = Counter[Difference]


@dataclass(frozen=True)
class Pace:
    """Limits how many items per second all threads together read or write; 0 is unlimited."""

    rate: float = 0
    sleep: Callable[[float], None] = time.sleep
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: list[float] = field(default_factory=lambda: [0.0])

    def take(self, number: int) -> None:
        """Wait until `number` more items may be read or written."""
        if not self.rate:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next[0])
            self._next[0] = start + number / self.rate
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

    def batches(self, table: str, segment: int, segments: int) -> Iterator[list[Item]]:
        """Yield the items of a segment of a table, at most BATCH at once."""
        start: dict[str, Any] = {}
        while True:
            page = self.dynamodb.scan(
                TableName=table, Segment=segment, TotalSegments=segments, Limit=PAGE, ConsistentRead=True, **start
            )
            items: list[Item] = page["Items"]
            for begin in range(0, len(items), BATCH):
                yield items[begin : begin + BATCH]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def find(self, table: str, items: Sequence[Item]) -> dict[Key, Item]:
        """Return the items of a table with the keys of other items, by `identity`. Raises RestoreError."""
        self.pace.take(len(items))
        found: dict[Key, Item] = {}
        request: dict[str, Any] = {table: {"Keys": [self.key(each) for each in items], "ConsistentRead": True}}
        for attempt in range(ATTEMPTS):
            response = self.dynamodb.batch_get_item(RequestItems=request)
            found |= {self.identity(each): each for each in response["Responses"].get(table, [])}
            request = response.get("UnprocessedKeys") or {}
            if not request:
                return found
            # DynamoDB returns what exceeds 16 MB, or the throughput, as unprocessed.
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
    with ThreadPoolExecutor(segments) as pool:
        running = [pool.submit(_guarded, work, segment, stop) for segment in range(segments)]
        try:
            return _sum(running)
        finally:
            stop.set()


def _guarded(work: Callable[[int, threading.Event], Counts], segment: int, stop: threading.Event) -> Counts:
    try:
        return work(segment, stop)
    except BaseException:
        stop.set()
        raise


def _sum(running: Iterable[Future[Counts]]) -> Counts:
    total: Counts = Counter()
    for each in running:
        total.update(each.result())
    return total
