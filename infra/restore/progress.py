"""Progress on standard error: a line that is rewritten on a terminal, and a line every half minute elsewhere."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

TERMINAL_SECONDS = 0.5
LOG_SECONDS = 30.0


@dataclass
class Progress:
    """Counts what several threads do, and shows it. `total` is an estimate; 0 if it is unknown."""

    label: str
    total: int = 0
    output: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._done = self._written = 0
        self._terminal = self.output.isatty()
        self._next = self.clock() + (TERMINAL_SECONDS if self._terminal else LOG_SECONDS)

    def add(self, done: int = 0, written: int = 0) -> None:
        """Count items, and show the counts if it is time to."""
        with self._lock:
            self._done += done
            self._written += written
            if self.clock() >= self._next:
                self._next = self.clock() + (TERMINAL_SECONDS if self._terminal else LOG_SECONDS)
                self._show("\r" if self._terminal else "\n")

    def finish(self) -> None:
        """Show the final counts."""
        with self._lock:
            self._show("\n")

    def _show(self, end: str) -> None:
        # AWS counts a table's items every six hours, so the estimate may be too low.
        total = f" of about {self.total:,}" if self.total >= self._done and self.total else ""
        written = f", {self._written:,} written" if self._written else ""
        self.output.write(f"{self.label}: {self._done:,}{total} items{written}{end}")
        self.output.flush()
