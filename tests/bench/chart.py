"""A bar chart as SVG: groups of bars, each with its value and, if it has one, a mark for its limit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import count

WIDTH, LABELS, BAR, ROW = 900, 300, 16, 22


@dataclass(frozen=True)
class Group:
    """Bars with one title and one scale."""

    title: str
    values: Mapping[str, float]
    marks: Mapping[str, float] = field(default_factory=dict[str, float])


def svg(groups: Sequence[Group]) -> str:
    """Return the chart, with the groups below one another."""
    lines = count()
    drawn = [element for group in groups for element in _drawn(group, lines)]
    height = ROW * (next(lines) + 1)
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
    return "\n".join([f'{opening}font-size="13">', '<rect width="100%" height="100%" fill="white"/>', *drawn, "</svg>"])


def _drawn(group: Group, lines: Iterator[int]) -> Iterator[str]:
    scale = (WIDTH - LABELS - 60) / max([*group.values.values(), *group.marks.values()])
    next(lines)
    yield _text(8, ROW * next(lines), group.title, weight="bold")
    for name, value in group.values.items():
        top = ROW * next(lines)
        colour = "#1f6feb" if name.startswith("gatehouse") else "#9aa4af"
        yield _text(8, top, name)
        yield f'<rect x="{LABELS}" y="{top}" width="{value * scale:.1f}" height="{BAR}" fill="{colour}"/>'
        yield _text(LABELS + value * scale + 6, top, f"{value:.2f}")
        if name in group.marks:
            at = LABELS + group.marks[name] * scale
            yield f'<path d="M{at:.1f} {top - 2}v{BAR + 4}" stroke="#d1242f" stroke-width="2"/>'


def _text(left: float, top: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{left:.1f}" y="{top + 13}" font-weight="{weight}">{escape(text)}</text>'
