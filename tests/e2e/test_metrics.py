"""The metrics that the functions of a running stack log: valid, complete, and with the right sums."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infra.packaging.bundles import ROOT
from local.deploy import Engine
from local.provider import Provider
from local.running_stack import StackOptions, running_stack
from tests.e2e.conftest import Client, two_free_ports
from tests.embedded_metrics import sums, values
from tests.unit.infra.test_dashboard import used

LINE = re.compile(r"gatehouse-local-(?P<function>[\w-]+) \| (?P<line>\{.*\"_aws\".*\})")
STACK = (("project", "gatehouse"), ("stack", "local"))
MISSING = "/items/0190d5a0-0000-7000-8000-000000000000"

LANGUAGE = {
    "fields", "filter", "sort", "stats", "limit", "by", "as", "and", "or", "in", "asc", "desc", "coalesce", "ispresent",
}  # fmt: skip
"""The words of the query language of CloudWatch Logs Insights that saved queries use."""


@pytest.fixture(scope="module")
def monitored(engine: Engine, flavour: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A stack with monitoring, at a log level that would drop the lines of requests without metrics."""
    settings = {"api.flavour": flavour, "monitoring.enabled": "true", "logs.level": "WARN"}
    options = StackOptions(
        root=ROOT, state=tmp_path_factory.mktemp("state"), port=two_free_ports(), engine=engine, settings=settings
    )
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        yield Client(stack, http, flavour=flavour)


@pytest.fixture(scope="module")
def lines(monitored: Client) -> dict[str, list[dict[str, Any]]]:
    """The lines with metrics of each function, after a known number of requests."""
    token = monitored.token()
    for number in range(2):
        assert monitored.call("POST", "/items", token, json={"name": f"item {number}"}).status_code == 201
    assert monitored.call("POST", "/items", token, json={"name": ""}).status_code == 400
    for _ in range(3):
        assert monitored.call("GET", "/items", token).status_code == 200
        assert monitored.call("GET", MISSING, token).status_code == 404
    assert monitored.call("GET", "/users", token).status_code == 200
    assert monitored.call("GET", "/items", monitored.token(scope="")).status_code == 403
    assert monitored.call("GET", "/items", monitored.token(ttl=-5)).status_code == 401
    found: dict[str, list[dict[str, Any]]] = {}
    for each in LINE.finditer(monitored.function_logs()):
        found.setdefault(each["function"], []).append(json.loads(each["line"]))
    return found


def handlers_lines(lines: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [line for function, each in lines.items() if function != "authorizer" for line in each]


def test_requests_are_counted_by_collection_and_operation(lines: dict[str, list[dict[str, Any]]]) -> None:
    assert sums(handlers_lines(lines), "Requests", "collection", "operation") == {
        ("items", "create"): 3, ("items", "list"): 3, ("items", "read"): 3, ("users", "list"): 1,
    }  # fmt: skip


def test_problems_are_counted_by_type(lines: dict[str, list[dict[str, Any]]]) -> None:
    assert sums(handlers_lines(lines), "Problems", "problem") == {"bad-request": 1, "not-found": 3}


def test_each_function_has_one_cold_start(lines: dict[str, list[dict[str, Any]]]) -> None:
    assert {name: sum(line["ColdStarts"] for line in each) for name, each in lines.items()} == {
        "items-create": 1, "items-list": 1, "items-read": 1, "users-list": 1, "authorizer": 1,
    }  # fmt: skip
    assert all(each[0]["ColdStarts"] == 1 for each in lines.values())


def test_latencies_are_those_of_the_requests(lines: dict[str, list[dict[str, Any]]]) -> None:
    for (name, dimensions), found in values(handlers_lines(lines)).items():
        if name == "Latency":
            assert {"collection", "operation"} <= dict(dimensions).keys()
            assert all(0 < each < 10_000 for each in found)


def test_decisions_are_counted_by_outcome(lines: dict[str, list[dict[str, Any]]]) -> None:
    assert sums(lines["authorizer"], "Decisions", "outcome") == {"allow": 1, "deny": 1, "unauthorized": 1}
    assert values(lines["authorizer"])["KeyFetchFailures", STACK] == [0, 0, 0]


def test_a_request_has_one_line(lines: dict[str, list[dict[str, Any]]]) -> None:
    ids = Counter(line["request_id"] for line in handlers_lines(lines))
    assert len(ids) == 10
    assert set(ids.values()) == {1}


def test_the_dashboard_is_deployed_and_shows_metrics_that_are_logged(
    monitored: Client, lines: dict[str, list[dict[str, Any]]]
) -> None:
    provider = Provider(monitored.stack.emulator.endpoint_url, account=monitored.stack.emulator.options.account)
    client = provider.connection.client("cloudwatch")
    body = json.loads(client.get_dashboard(DashboardName="gatehouse-local-dashboard")["DashboardBody"])
    logged = {(name, frozenset(dict(dimensions))) for each in lines.values() for name, dimensions in values(each)}
    shown = {(each.name, frozenset(each.dimensions)) for each in used(body) if each.namespace == "Gatehouse"}
    assert shown <= logged
    pages = list(client.get_paginator("describe_alarms").paginate(AlarmTypes=["CompositeAlarm", "MetricAlarm"]))
    names = {each["AlarmArn"] for page in pages for each in (*page["CompositeAlarms"], *page["MetricAlarms"])}
    (states,) = (each["properties"] for each in body["widgets"] if each["type"] == "alarm")
    assert set(states["alarms"]) == names


def test_saved_queries_use_fields_that_the_lines_of_their_log_groups_have(
    monitored: Client, lines: dict[str, list[dict[str, Any]]]
) -> None:
    assert lines
    logs = Provider(
        monitored.stack.emulator.endpoint_url, account=monitored.stack.emulator.options.account
    ).connection.client("logs")
    queries = logs.describe_query_definitions(queryDefinitionNamePrefix="gatehouse-local/")["queryDefinitions"]
    assert {each["name"].partition("/")[2] for each in queries} == {
        "one request by its id", "slowest requests", "rejections by reason", "4xx responses by type",
    }  # fmt: skip
    for query in queries:
        found = [line for group in query["logGroupNames"] for line in json_lines(logs, group)]
        fields, values = fields_and_values(query["queryString"])
        assert len(fields) > 4
        assert fields <= {name for line in found for name in line}, query["name"]
        assert values <= {value for line in found for value in line.values() if isinstance(value, str)}, query["name"]


def fields_and_values(query: str) -> tuple[set[str], set[str]]:
    """Return the fields of log lines that a query uses, and the texts with which it compares them."""
    values = set(re.findall(r'"(.*?)"', query)) - {"ID", "fault"}
    code = re.sub(r'#.*|".*?"|@\w+|\w+\(\*\)', "", query)
    computed = set(re.findall(r" as (\w+)", code))
    return set(re.findall(r"[a-z_]+", code)) - computed - LANGUAGE, values


def json_lines(logs: Any, group: str) -> list[dict[str, Any]]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    messages = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(each) for each in messages if each.startswith("{")]
