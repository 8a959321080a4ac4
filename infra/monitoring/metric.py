"""Metrics of CloudWatch, and expressions of several of them, in alarms and in the graphs of a dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pulumi

MAX_METRICS: Final = 100
"""How many metrics a graph lists at most. CloudWatch allows 500, and 2,500 in all graphs of a dashboard."""

TOP: Final = 10
"""How many lines a graph of similar metrics has: those with the highest values."""

Statistic = Literal["Sum", "SampleCount", "Maximum", "p50", "p99"]


@dataclass(frozen=True)
class Metric:
    """A metric, and the statistic of each period.

    In a graph it has a label and a color; a hidden one is not shown, but expressions can refer to its id.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: Statistic = "Sum"
    label: str = ""
    color: str = ""
    id: str = ""
    hidden: bool = False

    def rendered(self) -> list[Any]:
        """Return the metric as an element of a graph."""
        options = {"stat": self.statistic, "label": self.label, "color": self.color, "id": self.id}
        given = {name: value for name, value in options.items() if value} | ({"visible": False} if self.hidden else {})
        return [self.namespace, self.name, *(part for pair in self.dimensions.items() for part in pair), given]

    def as_hidden(self, id_: str = "") -> "Metric":
        """Return the metric for use in expressions, with another id if one is given."""
        return replace(self, id=id_ or self.id, color="", hidden=True)


@dataclass(frozen=True)
class Expression:
    """A metric math expression, a search or a query. Without a label, each of its lines has its metric's own."""

    text: str
    label: str = ""
    color: str = ""

    def rendered(self) -> list[Any]:
        """Return the expression as an element of a graph."""
        return [{"expression": self.text, "label": self.label, **({"color": self.color} if self.color else {})}]


Series = Sequence[Metric | Expression]


def highest(metrics: Sequence[Metric], by: str) -> Series:
    """Return the highest of metrics that differ in the values of their dimensions.

    If a graph cannot list them all, it queries the whole account and region, because a query can neither list names nor
    match their beginnings. It shows the highest values of a dimension, `by`, and maxima instead of percentiles.
    """
    first = metrics[0]
    function = "SUM" if first.statistic == "Sum" else "MAX"
    if len(metrics) <= MAX_METRICS:
        hidden = [each.as_hidden(f"m{index}") for index, each in enumerate(metrics)]
        return [*hidden, Expression(f"SORT(METRICS(), {function}, DESC, {TOP})")]
    schema = ", ".join((f'"{first.namespace}"', *first.dimensions))
    chosen = f"SELECT {function}({first.name}) FROM SCHEMA({schema})"  # noqa: S608 -- a query of metrics, not SQL
    return [Expression(f"{chosen} GROUP BY {by} ORDER BY {function}() DESC LIMIT {TOP}")]


def search(metric: Metric) -> str:
    """Return a search for the metrics with this name and these dimensions; an empty value matches all."""
    schema = ",".join((metric.namespace, *metric.dimensions))
    values = {**metric.dimensions, "MetricName": metric.name}
    terms = " ".join(f'{name}="{value}"' for name, value in values.items() if value)
    return f"SEARCH('{{{schema}}} {terms}', '{metric.statistic}')"
