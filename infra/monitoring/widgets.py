"""The widgets of a CloudWatch dashboard (AWS, "Dashboard Body Structure and Syntax")."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pulumi

from infra.monitoring.metric import Series

COLUMNS: Final = 24
"""The width of a dashboard's grid."""

MAX_ALARMS: Final = 100
"""How many alarms a widget can show."""


@dataclass(frozen=True, kw_only=True)
class Widget:
    """A widget. Its height is in units of the grid; it shares the width of its row equally with the row's others."""

    kind: Literal["text", "alarm", "metric"]
    properties: Mapping[str, Any]
    height: int = 6


def text(markdown: str, height: int) -> Widget:
    """Return a widget with text."""
    return Widget(kind="text", properties={"markdown": markdown}, height=height)


def alarm_states(title: str, arns: Sequence[pulumi.Input[str]]) -> Widget:
    """Return a widget with the states of alarms, the latest change first. It shows the first 100."""
    properties = {"title": title, "alarms": list(arns[:MAX_ALARMS]), "sortBy": "stateUpdatedTimestamp"}
    return Widget(kind="alarm", properties=properties, height=4)


def graph(title: str, series: Series, *, region: pulumi.Input[str], unit: str, stacked: bool = False) -> Widget:
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
