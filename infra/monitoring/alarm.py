"""An alarm of CloudWatch, as data, and the expressions of several metrics.

In a period without events, a metric has no value. An alarm would then evaluate its last values again, and one of
DynamoDB's metrics would keep its state forever, whatever `treatMissingData` is (AWS, "Configuring how CloudWatch alarms
treat missing data"). So expressions add a series of zeros, with which they always have a value: arithmetic treats
missing values as 0 (AWS, "Using math expressions with CloudWatch metrics").
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

MAX_METRICS = 10
"""The greatest number of metrics that an alarm can evaluate (AWS, "Limits that apply to alarms")."""
ZERO = "TIME_SERIES(0)"
"""A series with the value 0 in every period."""


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


def total(ids: Sequence[str]) -> str:
    """Return the expression for the sum of metrics, by their ids."""
    return " + ".join((*ids, ZERO))


def greatest(ids: Sequence[str]) -> str:
    """Return the expression for the greatest of metrics. It has no value if none of them has one.

    `MAX` of a single series would be a number, the greatest of all periods, instead of a series.
    """
    return f"MAX([{', '.join(ids)}])" if len(ids) > 1 else ids[0]


def greatest_or_zero(ids: Sequence[str]) -> str:
    """Return the expression for the greatest of metrics, 0 if none of them has a value."""
    return greatest((*ids, ZERO))


def divided(
    name: str, metrics: Sequence[Metric], expression: Callable[[Sequence[str]], str], **values: Any
) -> Iterator[Alarm]:
    """Yield an alarm of the expression for every ten metrics."""
    for number, start in enumerate(range(0, len(metrics), MAX_METRICS), start=1):
        own = {f"m{index}": each for index, each in enumerate(metrics[start : start + MAX_METRICS])}
        first = name if number == 1 else f"{name}-{number}"
        yield Alarm(name=first, metrics=own, expression=expression([*own]), **values)
