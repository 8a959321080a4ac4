"""Times of contestants that run one after the other in each round, so what else the machine does slows all alike."""

from collections.abc import Callable, Mapping
from statistics import median

ROUNDS = 15

Times = dict[str, list[float]]
"""Of each contestant, its times by round."""


def interleaved(contestants: Mapping[str, Callable[[], float]]) -> Times:
    """What each contestant's runs took, after one that is not counted."""
    for run in contestants.values():
        run()
    rounds = [{name: run() for name, run in contestants.items()} for _ in range(ROUNDS)]
    return {name: [each[name] for each in rounds] for name in contestants}


def relative(times: Times, base: str) -> dict[str, float]:
    """Of each contestant, its time to the base's in the same round: the median of all rounds."""
    return {
        name: median(each / other for each, other in zip(taken, times[base], strict=True))
        for name, taken in times.items()
    }
