"""The two clocks that decisions depend on."""

import time
from collections.abc import Callable

import msgspec


class Clock(msgspec.Struct, frozen=True):
    """`wall` tells seconds since 1970, for what tokens say; `monotonic` never goes back, for what lasts in here."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


SYSTEM = Clock()
