"""An alarm of CloudWatch, as data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

MAX_METRICS = 10
"""The greatest number of metrics that an alarm can evaluate (AWS, "Limits that apply to alarms")."""


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch, and the statistic of each period that is evaluated."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str = "Sum"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm. It goes off if the expression reaches or exceeds a threshold in `count` consecutive periods.

    `kind` is its section in docs/monitoring.md, and `subject` what it is about. `metrics` has those of the expression
    by their ids; `exceeds` says whether the threshold itself is not enough. `period` is in seconds.
    """

    name: str
    kind: str
    subject: str
    metrics: Mapping[str, Metric]
    expression: str
    threshold: float
    exceeds: bool = False
    period: int = 300
    count: int = 1


def divided(name: str, metrics: Sequence[Metric], **values: Any) -> Iterator[Alarm]:
    """Yield an alarm for every ten metrics."""
    for number, start in enumerate(range(0, len(metrics), MAX_METRICS), start=1):
        own = {f"m{index}": each for index, each in enumerate(metrics[start : start + MAX_METRICS])}
        yield Alarm(name=name if number == 1 else f"{name}-{number}", metrics=own, **values)
