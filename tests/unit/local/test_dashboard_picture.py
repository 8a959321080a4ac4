"""The picture of the dashboard: its lines have the values of the run, and all of the dashboard can be drawn."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from local.dashboard.drawing import Picture, svg
from local.dashboard.evaluation import Line, Run
from local.dashboard.samples import Sample, of_functions
from tests.unit.infra.test_dashboard import SMALL

STACK = {"project": "gatehouse", "stack": "prod"}
ROUTE = "{Gatehouse,project,stack,collection,operation}"


def sample(time: float, value: float, name: str = "Latency", **dimensions: str) -> Sample:
    return Sample("Gatehouse", name, STACK | dimensions, time, value)


def lines(samples: Sequence[Sample], *metrics: list[Any]) -> list[Line]:
    return Run(samples, start=100, period=10).lines({"metrics": metrics})


def metric(statistic: str, **options: Any) -> list[Any]:
    return ["Gatehouse", "Latency", "project", "gatehouse", "stack", "prod", {"stat": statistic, **options}]


@pytest.mark.parametrize(("statistic", "expected"), [("Sum", 5050), ("Maximum", 100), ("p50", 51), ("p99", 100)])
def test_a_metric_has_a_value_for_each_period(statistic: str, expected: float) -> None:
    (line,) = lines([*(sample(105, value) for value in range(1, 101)), sample(121, 7)], metric(statistic))
    assert line.points == {0: expected, 2: 7}


def test_metrics_of_other_names_and_dimensions_are_not_added() -> None:
    others = [sample(105, 9, "Other"), sample(105, 9, collection="items"), sample(105, 1)]
    assert [line.points for line in lines(others, metric("Sum"))] == [{0: 1}]


def test_a_search_finds_each_combination_of_dimensions() -> None:
    samples = [sample(105, 1, collection=name, operation="read") for name in ("items", "items", "users")]
    search = f'SEARCH(\'{ROUTE} project="gatehouse" stack="prod" MetricName="Latency"\', \'Sum\')'
    label = "${PROP('Dim.collection')}"
    found = lines(samples, [{"expression": search, "label": label}])
    assert {line.label: line.points for line in found} == {"items": {0: 2}, "users": {0: 1}}
    (total,) = lines(samples, [{"expression": f"SUM({search})", "label": "all"}])
    assert (total.label, total.points) == ("all", {0: 3})
    (highest,) = lines(samples, [{"expression": f"SORT({search}, SUM, DESC, 1)", "label": label}])
    assert highest.label == "items"


def test_a_search_for_another_stack_finds_nothing() -> None:
    search = f"SEARCH('{ROUTE} stack=\"dev\" MetricName=\"Latency\"', 'Sum')"
    assert lines([sample(105, 1, collection="a", operation="b")], [{"expression": search, "label": ""}]) == []


def test_hidden_metrics_are_shown_by_expressions_only() -> None:
    hidden = [metric("Sum", id=name, visible=False) for name in ("a", "b")]
    assert lines([sample(105, 3)], *hidden) == []
    (line,) = lines([sample(105, 3)], *hidden, [{"expression": "FILL(a, 0) - FILL(b, 0)", "label": "difference"}])
    assert line.points == {0: 0}


def test_an_unknown_expression_is_an_error() -> None:
    with pytest.raises(ValueError, match="unsupported expression: ANOMALY"):
        lines([], [{"expression": "ANOMALY(m1)", "label": ""}])


def test_metrics_are_read_from_the_functions_output(tmp_path: Path) -> None:
    directive = {"Namespace": "Gatehouse", "Dimensions": [["stack"]], "Metrics": [{"Name": "Requests"}]}
    line = {"stack": "local", "Requests": 1, "_aws": {"Timestamp": 5000, "CloudWatchMetrics": [directive]}}
    log = tmp_path / "log"
    log.write_text(f'gatehouse-local-a | {json.dumps(line)}\ngatehouse-local-a | text\nother | {{"_aws": 1}}\n'
                   'gatehouse-local-a | {"errorType": "Exception"}\n')  # fmt: skip
    assert list(of_functions(log, "gatehouse-local-")) == [
        Sample("Gatehouse", "Requests", {"stack": "local"}, 5, 1),
        Sample("AWS/Lambda", "Errors", {"FunctionName": "gatehouse-local-a"}, 5, 1),
    ]


@pytest.mark.parametrize("body", SMALL)
def test_every_graph_of_the_dashboard_can_be_drawn(body: dict[str, Any]) -> None:
    samples = [sample(105, 1, "Problems", problem="not-found"), sample(105, 2)]
    run = Run(samples, start=100, period=10)
    graphs = {
        index: run.lines(each["properties"]) for index, each in enumerate(body["widgets"]) if each["type"] == "metric"
    }
    states = {f"alarm-{number}": "ALARM" if number else "OK" for number in range(30)}
    text = svg(body, Picture(lines=graphs, states=states, periods=6, period=10))
    drawn = ["".join(each.itertext()) for each in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert {each["properties"]["title"] for each in body["widgets"] if each["type"] != "text"} <= set(drawn)
    assert "not recorded by the local stack" in drawn
    assert "prefers-color-scheme:dark" in text
