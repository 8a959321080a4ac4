"""The lines of a dashboard's graph: its metrics and expressions, evaluated for the metrics of a run."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from local.dashboard.samples import RECORDED, Sample

Points = Mapping[int, float]
"""Values by the number of their period."""

_RANKS: Final[Mapping[str, Callable[[Points], float]]] = {
    "SUM": lambda points: sum(points.values()),
    "MAX": lambda points: max(points.values(), default=0),
}
_SEARCH: Final = r"SEARCH\('\{(?P<schema>[^}]+)\} (?P<terms>[^']*)', '(?P<statistic>\w+)'\)"


@dataclass(frozen=True)
class Line:
    """A line of a graph. It is not `known` if nothing records its metric locally."""

    label: str
    points: Points
    color: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict[str, str])
    is_hidden: bool = False
    is_known: bool = True


@dataclass(frozen=True)
class Run:
    """The metrics of a run; `period` is in seconds."""

    samples: Sequence[Sample]
    start: float
    period: float

    def lines(self, graph: Mapping[str, Any]) -> list[Line]:
        """Return the visible lines of a graph. Raises ValueError for an expression that is not supported."""
        metrics = {
            each[-1].get("id", f"_{index}"): self._metric(each)
            for index, each in enumerate(graph["metrics"])
            if len(each) > 1
        }
        shown = [line for line in metrics.values() if not line.is_hidden]
        for (expression,) in (each for each in graph["metrics"] if len(each) == 1):
            shown += self._expression(expression, metrics)
        return shown

    def _metric(self, element: Sequence[Any]) -> Line:
        namespace, name, *pairs, options = element
        dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        points = self._points(namespace, name, dimensions, options["stat"])
        is_known = namespace == "Gatehouse" or (namespace, name) in RECORDED
        color, is_hidden = options.get("color", ""), not options.get("visible", True)
        return Line(options.get("label", name), points, color, dimensions, is_hidden, is_known)

    def _expression(self, element: Mapping[str, str], metrics: Mapping[str, Line]) -> list[Line]:
        text, label, color = element["expression"], element["label"], element.get("color", "")
        if text.startswith("SORT("):
            inner, function, number = re.fullmatch(r"SORT\((.+), (SUM|MAX), DESC, (\d+)\)", text).groups()  # pyright: ignore[reportOptionalMemberAccess]
            found = list(metrics.values()) if inner == "METRICS()" else self._search(inner, label)
            ranked = sorted(found, key=lambda line: _RANKS[function](line.points), reverse=True)
            return [replace(line, is_hidden=False) for line in ranked[: int(number)]]
        if text.startswith("SUM("):
            return [Line(label, _total(self._search(text[4:-1], "")), color)]
        if text.startswith("SEARCH("):
            return self._search(text, label)
        if terms := re.fullmatch(r"FILL\((\w+), 0\) - FILL\((\w+), 0\)", text):
            first, second = (metrics[name].points for name in terms.groups())
            return [Line(label, {at: first.get(at, 0) - second.get(at, 0) for at in {*first, *second}}, color)]
        raise ValueError(f"unsupported expression: {text}")

    def _search(self, text: str, label: str) -> list[Line]:
        found = re.fullmatch(_SEARCH, text)
        if found is None:
            raise ValueError(f"unsupported search: {text}")
        namespace, *names = found["schema"].split(",")
        wanted = dict(re.findall(r'(\w+)="([^"]*)"', found["terms"]))
        name = wanted.pop("MetricName")
        combinations = {
            tuple(each.dimensions[dimension] for dimension in names)
            for each in self.samples
            if (each.namespace, each.name) == (namespace, name) and set(each.dimensions) == set(names)
        }
        lines = [dict(zip(names, values, strict=True)) for values in sorted(combinations)]
        return [
            Line(_filled(label, each), self._points(namespace, name, each, found["statistic"]), dimensions=each)
            for each in lines
            if wanted.items() <= each.items()
        ]

    def _points(self, namespace: str, name: str, dimensions: Mapping[str, str], statistic: str) -> Points:
        values: dict[int, list[float]] = defaultdict(list)
        for each in self.samples:
            if (each.namespace, each.name, each.dimensions) == (namespace, name, dimensions):
                values[int((each.time - self.start) // self.period)].append(each.value)
        return {at: _statistic(found, statistic) for at, found in values.items()}


def _statistic(values: Sequence[float], statistic: str) -> float:
    if statistic in ("Sum", "Maximum"):
        return sum(values) if statistic == "Sum" else max(values)
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * int(statistic[1:]) / 100))]


def _total(lines: Sequence[Line]) -> Points:
    found: dict[int, float] = defaultdict(float)
    for line in lines:
        for at, value in line.points.items():
            found[at] += value
    return dict(found)


def _filled(label: str, dimensions: Mapping[str, str]) -> str:
    return re.sub(r"\$\{PROP\('Dim\.(\w+)'\)\}", lambda found: dimensions[found[1]], label)
