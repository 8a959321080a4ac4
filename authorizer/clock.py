"""The two clocks that decisions depend on."""

import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec


class Moment(NamedTuple):
    """A time on both clocks, in seconds."""

    wall: float
    monotonic: float


class Clock(msgspec.Struct, frozen=True):
    """`wall` returns seconds since 1970 and is compared with claims; `monotonic` measures durations."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def now(self) -> Moment:
        """Return the time on both clocks."""
        return Moment(self.wall(), self.monotonic())

    def age(self, moment: Moment) -> float:
        """Return the seconds since a moment, by the clock that shows more.

        The monotonic clock may stand still while Lambda freezes the process or restores it from a snapshot.
        """
        return max(self.monotonic() - moment.monotonic, self.wall() - moment.wall)


SYSTEM = Clock()
