"""Durations of contestants that run one after the other in each round, so that other load affects all equally."""

from collections.abc import Callable, Mapping
from statistics import median

ROUNDS = 15

Times = dict[str, list[float]]
"""The durations of each contestant, by round."""


def interleaved(contestants: Mapping[str, Callable[[], float]]) -> Times:
    """Return the durations of each contestant's runs, without the first one."""
    for run in contestants.values():
        run()
    rounds = [{name: run() for name, run in contestants.items()} for _ in range(ROUNDS)]
    return {name: [each[name] for each in rounds] for name in contestants}


def relative(times: Times, base: str) -> dict[str, float]:
    """Return each contestant's duration relative to the base's in the same round: the median of all rounds."""
    return {
        name: median(each / other for each, other in zip(taken, times[base], strict=True))
        for name, taken in times.items()
    }
