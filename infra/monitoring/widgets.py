"""The widgets of a CloudWatch dashboard (AWS, "Dashboard Body Structure and Syntax")."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

COLUMNS: Final = 24
"""The width of a dashboard's grid."""

MAX_ALARMS: Final = 100
"""How many alarms a widget can show."""

MAX_METRICS: Final = 100
"""How many metrics a graph lists at most. CloudWatch allows 500, and 2,500 in all graphs of a dashboard."""

TOP: Final = 10
"""How many lines a graph of similar metrics has: those with the highest values."""

Statistic = Literal["Sum", "Maximum", "p50", "p99"]


@dataclass(frozen=True)
class Metric:
    """A metric with a statistic. A hidden one is not shown, but expressions can refer to its id."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: Statistic = "Sum"
    label: str = ""
    color: str = ""
    id: str = ""
    hidden: bool = False

    def rendered(self) -> list[Any]:
        """Return the metric as an element of a graph."""
        options = {"stat": self.statistic, "label": self.label, "color": self.color, "id": self.id}
        given = {name: value for name, value in options.items() if value} | ({"visible": False} if self.hidden else {})
        return [self.namespace, self.name, *(text for pair in self.dimensions.items() for text in pair), given]

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


@dataclass(frozen=True, kw_only=True)
class Widget:
    """A widget. Its height is in units of the grid; it shares the width of its row equally with the row's others."""

    kind: Literal["text", "alarm", "metric"]
    properties: Mapping[str, Any]
    height: int = 6


def text(markdown: str, height: int) -> Widget:
    """Return a widget with text."""
    return Widget(kind="text", properties={"markdown": markdown}, height=height)


def alarm_states(title: str, arns: Sequence[str]) -> Widget:
    """Return a widget with the states of alarms, the latest change first. It shows the first 100."""
    properties = {"title": title, "alarms": list(arns[:MAX_ALARMS]), "sortBy": "stateUpdatedTimestamp"}
    return Widget(kind="alarm", properties=properties, height=4)


def graph(title: str, series: Series, *, region: str, unit: str, stacked: bool = False) -> Widget:
    """Return a graph of a value per minute; `unit` is the label of its axis."""
    properties = {
        "title": title,
        "view": "timeSeries",
        "stacked": stacked,
        "region": region,
        "period": 60,
        "yAxis": {"left": {"min": 0, "label": unit, "showUnits": False}},
        "metrics": [each.rendered() for each in series],
    }
    return Widget(kind="metric", properties=properties)


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


def laid_out(rows: Iterable[Sequence[Widget]]) -> dict[str, Any]:
    """Return the body of a dashboard with these rows, from the top."""
    widgets: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        width, height = COLUMNS // len(row), max(each.height for each in row)
        for index, each in enumerate(row):
            place = {"x": index * width, "y": top, "width": width, "height": height}
            widgets.append({"type": each.kind, **place, "properties": dict(each.properties)})
        top += height
    return {"widgets": widgets}
