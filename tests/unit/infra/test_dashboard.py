"""The dashboard shows metrics that exist, within CloudWatch's limits, for every flavour and size of a stack."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple, cast

import msgspec
import pytest

from authorizer import errors, log
from handlers.contract import load_collections, routes
from handlers.metrics import Metrics, MetricSettings
from infra.api.http_api import HttpApi
from infra.api.rest_api import RestApi
from infra.functions.function_settings import FunctionSettings, Layout
from infra.monitoring.dashboard import OUTCOMES, DashboardArgs, Rows
from infra.monitoring.monitored import Monitored
from infra.monitoring.monitoring_settings import METRICS_BY, MonitoringSettings
from infra.monitoring.widgets import laid_out
from infra.naming import Names

AWS_METRICS = {
    ("AWS/ApiGateway", ("ApiName", "Stage")): {
        "4XXError", "5XXError", "CacheHitCount", "CacheMissCount", "Count", "IntegrationLatency", "Latency",
    },
    ("AWS/ApiGateway", ("ApiId", "Stage")): {"4xx", "5xx", "Count", "DataProcessed", "IntegrationLatency", "Latency"},
    ("AWS/Lambda", ("FunctionName",)): {
        "ConcurrentExecutions", "Duration", "Errors", "Invocations", "PostRuntimeExtensionsDuration", "Throttles",
    },
    ("AWS/DynamoDB", ("TableName",)): {
        "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ConditionalCheckFailedRequests",
        "ReadThrottleEvents", "WriteThrottleEvents",
    },
    ("AWS/DynamoDB", ("TableName", "Operation")): {"SuccessfulRequestLatency", "SystemErrors", "ThrottledRequests"},
}  # fmt: skip
"""The metrics of AWS's services by namespace and dimensions.

AWS, "Amazon API Gateway dimensions and metrics", "Monitor HTTP APIs with CloudWatch metrics", "Using CloudWatch metrics
with Lambda", "DynamoDB metrics and dimensions".
"""

STACK = {"project": "gatehouse", "stack": "prod"}


def dashboard(
    *, http: bool = False, collections: int = 3, by: str = "route", layout: Layout = "operation"
) -> dict[str, Any]:
    """Return the dashboard of a stack with so many collections, and a function for each or for each operation."""
    gateway = cast("RestApi | HttpApi", object.__new__(HttpApi if http else RestApi))
    vars(gateway).update(api_id="a1b2c3", stage_name="prod")
    found = routes([replace(load_collections()[0], name=f"c{number}") for number in range(collections)])
    stack = Monitored(Names(**STACK), found, FunctionSettings(layout=layout), gateway, has_denylist=False)
    settings = MonitoringSettings(
        enabled=True, handler_metrics=cast("Any", by), runbook="https://wiki.example.com/runbook"
    )
    alarms = [f"arn:aws:cloudwatch:eu-central-1:0:alarm:a{number}" for number in range(4 * collections)]
    args = DashboardArgs(stack=stack, settings=settings, alarms=alarms)
    body = laid_out(Rows(args, region="eu-central-1").all())
    assert json.loads(json.dumps(body)) == body
    return body


SMALL = [dashboard(http=http, by=by) for http in (False, True) for by in METRICS_BY]
LAYOUTS: tuple[Layout, ...] = ("collection", "operation")
LARGE = [dashboard(collections=150, layout=layout, http=http) for layout in LAYOUTS for http in (False, True)]


class Used(NamedTuple):
    """A metric that a graph shows: an empty value of a dimension means all values."""

    namespace: str
    name: str
    dimensions: dict[str, str]


def graphs(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [widget["properties"] for widget in body["widgets"] if widget["type"] == "metric"]


def used(body: dict[str, Any]) -> Iterator[Used]:
    """Yield the metrics of all graphs, also those of searches and queries."""
    for graph in graphs(body):
        for first, *rest in graph["metrics"]:
            if isinstance(first, str):
                name, *pairs, _ = rest
                yield Used(first, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))
                continue
            for schema, terms in re.findall(r"SEARCH\('\{([^}]+)\} ([^']*)'", first["expression"]):
                namespace, *names = schema.split(",")
                values = dict(re.findall(r'(\w+)="([^"]*)"', terms))
                yield Used(namespace, values.pop("MetricName"), {name: values.pop(name, "") for name in names})
                assert not values
            for name, schema in re.findall(r"SELECT \w+\((\w+)\) FROM SCHEMA\(([^)]+)\)", first["expression"]):
                namespace, *names = schema.split(", ")
                yield Used(namespace.strip('"'), name, dict.fromkeys(names, ""))


def emitted(by: tuple[str, ...]) -> set[tuple[str, frozenset[str]]]:
    """Return the names and dimensions of the metrics that the functions log."""
    members = Metrics(MetricSettings(**STACK, by=by)).members(0, failed=True)
    directives = [members["_aws"]["CloudWatchMetrics"], log.Metadata(0).directives]
    return {
        (metric["Name"], frozenset(dimensions))
        for each in directives
        for directive in msgspec.json.decode(each)
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


@pytest.mark.parametrize("body", [*SMALL, *LARGE])
def test_the_metrics_of_aws_exist_with_these_dimensions(body: dict[str, Any]) -> None:
    found = [each for each in used(body) if each.namespace.startswith("AWS/")]
    assert {each.namespace for each in found} == {"AWS/ApiGateway", "AWS/Lambda", "AWS/DynamoDB"}
    for each in found:
        assert each.name in AWS_METRICS[each.namespace, tuple(each.dimensions)], each


@pytest.mark.parametrize("by", METRICS_BY)
def test_its_own_metrics_are_those_that_the_functions_log(by: str) -> None:
    found = [each for each in used(dashboard(by=by)) if each.namespace == log.NAMESPACE]
    known = emitted(METRICS_BY[by])
    for each in found:
        assert (each.name, frozenset(each.dimensions)) in known, each
        assert STACK.items() <= each.dimensions.items(), "other stacks' metrics"
    names = {each.name for each in found}
    assert {"Decisions", "KeyFetchFailures", "RevocationFailures"} <= names
    assert ("Problems" in names) == (by != "none")


def test_it_shows_every_outcome_of_a_decision() -> None:
    failed = {log.Record.of_error(error).outcome for error in (errors.TokenRevoked(), errors.KeysUnavailable())}
    assert set(OUTCOMES) == {"allow", "deny", *failed}


@pytest.mark.parametrize("body", [*SMALL, *LARGE])
def test_widgets_are_within_the_grid_and_do_not_overlap(body: dict[str, Any]) -> None:
    places = [(each["x"], each["y"], each["width"], each["height"]) for each in body["widgets"]]
    assert all(x >= 0 and x + width <= 24 and y >= 0 and min(width, height) >= 1 for x, y, width, height in places)
    for (x, y, width, height), (left, top, wide, high) in combinations(places, 2):
        assert x + width <= left or left + wide <= x or y + height <= top or top + high <= y


@pytest.mark.parametrize("body", [*SMALL, *LARGE])
def test_it_is_within_the_limits_of_a_dashboard(body: dict[str, Any]) -> None:
    """AWS, "CloudWatch service quotas": 500 widgets, 500 metrics of a widget, 2,500 of all; and 100 alarms."""
    assert len(body["widgets"]) <= 500
    numbers = [len(graph["metrics"]) for graph in graphs(body)]
    assert max(numbers) <= 500
    assert sum(numbers) <= 2500
    (alarms,) = (each["properties"]["alarms"] for each in body["widgets"] if each["type"] == "alarm")
    assert 0 < len(alarms) <= 100
    searches = [
        each for graph in graphs(body) for first, *_ in graph["metrics"] for each in [first] if "SEARCH" in each
    ]
    assert all(len(each["expression"]) <= 1024 for each in searches)


@pytest.mark.parametrize("body", [*SMALL, *LARGE])
def test_every_graph_has_a_region_a_title_and_a_unit(body: dict[str, Any]) -> None:
    for graph in graphs(body):
        assert graph["region"] == "eu-central-1"
        assert graph["title"]
        assert graph["yAxis"]["left"]["label"]


@pytest.mark.parametrize("body", SMALL)
def test_expressions_use_ids_of_their_graph(body: dict[str, Any]) -> None:
    for graph in graphs(body):
        ids = [last["id"] for *_, last in graph["metrics"] if "id" in last]
        assert len(ids) == len(set(ids))
        assert all(re.fullmatch(r"[a-z]\w*", each) for each in ids)
        for *_, last in graph["metrics"]:
            for name in re.findall(r"FILL\((\w+)", last.get("expression", "")):
                assert name in ids
            if "METRICS()" in last.get("expression", ""):
                assert ids


@pytest.mark.parametrize("body", SMALL)
def test_someone_woken_at_night_first_reads_the_alarms_and_then_what_clients_notice(body: dict[str, Any]) -> None:
    by_place = sorted(body["widgets"], key=lambda each: (each["y"], each["x"]))
    assert [each["type"] for each in by_place[:3]] == ["text", "alarm", "metric"]
    assert "(https://wiki.example.com/runbook)" in by_place[0]["properties"]["markdown"]
    titles = [each["properties"]["title"] for each in by_place[2:]]
    assert titles[:4] == ["Traffic", "Errors", "Latency", "Authorizer: decisions"]
    assert titles[-1] == "Tables: system errors"
