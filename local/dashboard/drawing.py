"""A dashboard as SVG, which is readable in light and in dark mode."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle
from typing import Any, Final

from local.dashboard.evaluation import Line

UNIT: Final = 44
"""The size of a unit of the grid, in pixels."""

MARGIN, LEGEND_ROW, ROWS_OF_LEGEND = 8, 14, 5
COLORS: Final = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip
STYLE: Final = (
    "text{font:12px sans-serif;fill:#1f2328}.title{font-weight:bold;font-size:13px}.small{font-size:10px}"
    ".page{fill:#f6f8fa}.card{fill:#fff;stroke:#d1d9e0}.grid{stroke:#d1d9e0;stroke-width:.5}.line{fill:none;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.card{fill:#161b22;stroke:#3d444d}"
    ".grid{stroke:#3d444d}}"
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a dashboard shows: the lines of each graph by the widget's number, and the states of alarms by their names.

    `period` is in seconds.
    """

    lines: Mapping[int, Sequence[Line]]
    states: Mapping[str, str]
    periods: int
    period: float


def svg(body: Mapping[str, Any], picture: Picture) -> str:
    """Return the picture of a dashboard with this body."""
    width, height = 24 * UNIT, max(each["y"] + each["height"] for each in body["widgets"]) * UNIT
    drawn: list[str] = []
    for number, widget in enumerate(body["widgets"]):
        left, top, wide, high = (widget[name] * UNIT for name in ("x", "y", "width", "height"))
        inner = _widget(widget, number, picture, (wide, high))
        drawn += [f'<g transform="translate({left} {top})">', _card(wide, high), *inner, "</g>"]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    )
    page = f'<rect class="page" width="{width}" height="{height}"/>'
    return "\n".join([opening, f"<style>{STYLE}</style>", page, *drawn, "</svg>"]) + "\n"


def _widget(widget: Mapping[str, Any], number: int, picture: Picture, size: tuple[int, int]) -> Iterator[str]:
    if widget["type"] == "text":
        for row, text in enumerate(widget["properties"]["markdown"].splitlines()):
            shown = re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", text.lstrip("# "))
            yield _text(14, 30 + 24 * row, shown, "title" if row == 0 else "")
        return
    yield _text(14, 24, widget["properties"]["title"], "title")
    if widget["type"] == "alarm":
        yield from _states(picture.states, size)
    else:
        yield from _graph(widget["properties"], picture.lines[number], picture, size)


def _states(states: Mapping[str, str], size: tuple[int, int]) -> Iterator[str]:
    columns, rows = 5, max(1, (size[1] - 44) // 18)
    for index, (name, state) in enumerate(sorted(states.items(), key=lambda each: (each[1] != "ALARM", each[0]))):
        if index >= columns * rows:
            return
        left, top = 16 + (index // rows) * (size[0] // columns), 46 + (index % rows) * 18
        color = {"ALARM": COLORS[3], "OK": COLORS[2]}.get(state, COLORS[7])
        yield f'<circle cx="{left}" cy="{top - 4}" r="5" fill="{color}"/>'
        yield _text(left + 10, top, f"{name}: {state.replace('_', ' ').lower()}", "small")


def _graph(
    properties: Mapping[str, Any], lines: Sequence[Line], picture: Picture, size: tuple[int, int]
) -> Iterator[str]:
    known = [line for line in lines if line.is_known]
    unit: str = properties["yAxis"]["left"]["label"]
    yield _text(14, 40, unit.replace("per minute", f"per {picture.period:g} seconds"), "small")
    left, top, right, bottom = 46, 50, size[0] - 18, size[1] - 12 - LEGEND_ROW * ROWS_OF_LEGEND
    shown = _stacked(known) if properties["stacked"] else known
    highest = max((value for line in shown for value in line.points.values()), default=0) or 1
    for part in (0, 0.5, 1):
        y = bottom - (bottom - top) * part
        yield f'<path class="grid" d="M{left} {y:.1f}H{right}"/>'
        yield _text(14, y + 4, f"{float(f'{highest * part:.3g}'):g}", "small")
    if not known:
        yield _text(left + 20, (top + bottom) / 2 - 6, "not recorded by the local stack")
        return
    colors = [line.color or color for line, color in zip(shown, cycle(COLORS), strict=False)]
    for index, (line, color) in reversed(list(enumerate(zip(shown, colors, strict=True)))):
        scaled = {
            left + (right - left) * (at + 0.5) / picture.periods: bottom - (bottom - top) * value / highest
            for at, value in sorted(line.points.items())
        }
        yield from _path(scaled, color)
        yield from _legend(index, line.label, color, size)


def _stacked(lines: Sequence[Line]) -> list[Line]:
    """Return lines that are above one another; each starts at the top of the one before."""
    total: dict[int, float] = {}
    found: list[Line] = []
    for line in lines:
        total = {at: total.get(at, 0) + line.points.get(at, 0) for at in sorted({*total, *line.points})}
        found.append(Line(line.label, dict(total), line.color))
    return found


def _path(points: Mapping[float, float], color: str) -> Iterator[str]:
    if points:
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points.items())
        yield f'<path class="line" stroke="{color}" d="M{steps}"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" fill="{color}"/>' for x, y in points.items())


def _legend(index: int, label: str, color: str, size: tuple[int, int]) -> Iterator[str]:
    columns = max(2, size[0] // 130)
    if index >= columns * ROWS_OF_LEGEND:
        return
    left = 16 + (index % columns) * ((size[0] - 24) // columns)
    top = size[1] - 8 - LEGEND_ROW * (ROWS_OF_LEGEND - 1 - index // columns)
    yield f'<rect x="{left}" y="{top - 8}" width="8" height="8" fill="{color}"/>'
    yield _text(left + 12, top, label, "small")


def _card(width: int, height: int) -> str:
    inner = f'width="{width - MARGIN}" height="{height - MARGIN}"'
    return f'<rect class="card" x="{MARGIN / 2}" y="{MARGIN / 2}" {inner} rx="6"/>'


def _text(left: float, top: float, text: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{left:.0f}" y="{top:.0f}">{escape(text)}</text>'
