"""The dashboard in the planned program: it shows the resources of the stack, by their names in AWS."""

import json
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from local.plans.architecture import Architecture
from local.plans.plan import example, plan
from tests.graph.conftest import Graph
from tests.unit.infra.test_dashboard import Used, used

DASHBOARD = "cloudwatch/dashboard:Dashboard"


def planned(**settings: str) -> Architecture:
    return Architecture(example(ROOT, "dev", {"monitoring.enabled": "true", **settings}))


def body_of(stack: Architecture) -> dict[str, Any]:
    (dashboard,) = stack.deployment.of_type(f"aws:{DASHBOARD}")
    assert dashboard.inputs["dashboardName"] == "gatehouse-dev-dashboard"
    return json.loads(dashboard.inputs["dashboardBody"])


def values_of(found: list[Used], namespace: str, dimension: str) -> set[str]:
    return {each.dimensions[dimension] for each in found if each.namespace == namespace}


def test_without_monitoring_there_is_none() -> None:
    assert Graph(plan(ROOT, "dev", {"monitoring.enabled": "false"})).of_type(DASHBOARD) == {}


@pytest.mark.parametrize("layout", ["operation", "collection", "single"])
def test_it_shows_every_function_and_table_by_its_name_in_aws(layout: str) -> None:
    stack = planned(**{"functions.layout": layout, "revocation.enabled": "true"})
    found = list(used(body_of(stack)))
    assert values_of(found, "AWS/Lambda", "FunctionName") == set(stack.functions)
    assert values_of(found, "AWS/DynamoDB", "TableName") == set(stack.of_type("dynamodb/table:Table"))


@pytest.mark.parametrize(("flavour", "dimension", "key"), [("rest", "ApiName", "name"), ("http", "ApiId", "id")])
def test_it_shows_the_stage_of_its_api(flavour: str, dimension: str, key: str) -> None:
    stack = planned(**{"api.flavour": flavour})
    (api,) = stack.apis
    expected = api.inputs["name"] if key == "name" else api.id
    found = list(used(body_of(stack)))
    assert values_of(found, "AWS/ApiGateway", dimension) == {expected}
    assert values_of(found, "AWS/ApiGateway", "Stage") == {"dev"}


def test_it_shows_the_state_of_every_alarm() -> None:
    stack = planned()
    types = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")
    alarms = {each.outputs["arn"] for type_ in types for each in stack.deployment.of_type(type_)}
    (widget,) = (each["properties"] for each in body_of(stack)["widgets"] if each["type"] == "alarm")
    assert set(widget["alarms"]) == alarms
    assert "incident" in widget["alarms"][0], "first, because a widget shows at most 100"


@pytest.mark.parametrize(
    ("metrics", "dimensions"), [("route", {"collection", "operation"}), ("operation", {"operation"})]
)
def test_it_shows_the_handlers_metrics_by_what_they_are_logged(metrics: str, dimensions: set[str]) -> None:
    found = used(body_of(planned(**{"monitoring.handlerMetrics": metrics})))
    assert {frozenset(each.dimensions) for each in found if each.name == "Requests"} == {
        frozenset({"project", "stack", *dimensions})
    }


def test_without_handlers_metrics_it_shows_none() -> None:
    found = used(body_of(planned(**{"monitoring.handlerMetrics": "none"})))
    assert not {"Requests", "Problems"} & {each.name for each in found}


def test_it_links_to_the_runbook_of_the_settings() -> None:
    header = body_of(planned(**{"monitoring.runbook": "https://wiki.example.com/it"}))["widgets"][0]
    assert "[Runbook](https://wiki.example.com/it)" in header["properties"]["markdown"]
