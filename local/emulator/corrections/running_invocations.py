"""Invocations that are running while their function is changed.

AWS: a change of a function's code or configuration applies to new invocations; those in progress complete in their
execution environments. MiniStack ends these at once, so that the invocations fail.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from local.emulator.ministack_internals import FUNCTIONS, WORKERS, Original, patch

_INTERVAL = 0.01
_changing = threading.local()


def apply() -> None:
    """End the workers of a changed function when they are no longer in use."""
    patch(FUNCTIONS, "invalidate_worker", _invalidate)
    patch(WORKERS, "kill_workers", _kill)


def _invalidate(original: Original, *arguments: object, **named: object) -> None:
    _changing.now = True
    try:
        original(*arguments, **named)
    finally:
        _changing.now = False


def _kill(original: Original, workers: list[Any]) -> None:
    busy = [worker for worker in workers if worker.in_use] if getattr(_changing, "now", False) else []
    for worker in busy:  # already removed from the pool, so that no further invocation uses it
        threading.Thread(target=_kill_when_released, args=(original, worker), daemon=True).start()
    original([worker for worker in workers if worker not in busy])


def _kill_when_released(original: Original, worker: Any) -> None:
    while worker.in_use:
        time.sleep(_INTERVAL)
    original([worker])
