"""Waiting for something to hold."""

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], bool], *, seconds: float, pause: float = 0.1) -> bool:
    """Waits until something holds, asking every `pause` seconds; whether it did within the time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
