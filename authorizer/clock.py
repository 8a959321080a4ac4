"""The two clocks that decisions depend on."""

import time
from collections.abc import Callable

import msgspec


class Clock(msgspec.Struct, frozen=True):
    """`wall` returns seconds since 1970 and is compared with claims; `monotonic` measures durations."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


SYSTEM = Clock()
