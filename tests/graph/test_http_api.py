"""The API as an HTTP API: the planned program with `api.flavour: http`."""

import json
from functools import cache

import pytest

from handlers.contract import load_collections, routes
from infra.packaging.bundles import ROOT
from local.plans.plan import plan
from tests.graph.conftest import Graph, planned

ROUTES = routes(load_collections())
STACKS = ("dev", "local")
"""The stacks whose settings HTTP APIs support; `prod` has a firewall."""


@cache
def http(stack: str) -> Graph:
    return Graph(plan(ROOT, stack, {"api.flavour": "http"}))


@pytest.fixture(params=STACKS)
def graph(request: pytest.FixtureRequest) -> Graph:
    return http(request.param)


def test_the_api_is_imported_from_one_document_without_warnings(graph: Graph) -> None:
    inputs = graph.inputs("apigatewayv2/api:Api")
    assert inputs["protocolType"] == "HTTP"
    assert inputs["failOnWarnings"] is True
    assert "body" in inputs


def test_nothing_of_a_rest_api_is_left(graph: Graph) -> None:
    assert [each.type for each in graph.deployment.resources if each.type.startswith("aws:apigateway/")] == []


def test_all_other_resources_are_those_of_a_rest_api() -> None:
    """So that changing the flavour keeps tables, functions and the access log."""
    for stack in STACKS:
        mine, rest = (
            {(each.type, each.name) for each in graph.deployment.resources if "apigateway" not in each.type}
            for graph in (http(stack), planned(stack))
        )
        assert mine - rest == {("gatehouse:api:HttpApi", "api")}
        assert rest - mine == {("gatehouse:api:Gateway", "api"), ("aws:cloudwatch/logGroup:LogGroup", "execution")}


def test_the_deployment_follows_the_document_and_comes_after_the_permissions(graph: Graph) -> None:
    deployment = graph.one("apigatewayv2/deployment:Deployment")
    assert set(deployment.inputs["triggers"]) == {"api"}
    permissions = {each.urn for each in graph.of_type("lambda/permission:Permission").values()}
    assert permissions <= set(deployment.dependencies)


def test_the_stage_logs_and_throttles(graph: Graph) -> None:
    stage = graph.inputs("apigatewayv2/stage:Stage")
    assert stage["stageVariables"]["stack"] == stage["name"]
    assert "autoDeploy" not in stage
    settings = stage["defaultRouteSettings"]
    assert settings["throttlingRateLimit"] > 0
    assert settings["throttlingBurstLimit"] > 0
    log_format = json.loads(stage["accessLogSettings"]["format"])
    rest_format = json.loads(planned("dev").inputs("apigateway/stage:Stage")["accessLogSettings"]["format"])
    assert set(rest_format) - set(log_format) == {"authorizer_request_id", "authorizer_milliseconds"}
    assert log_format["route"] == "$context.routeKey"


def test_browsers_may_call_from_the_origins_of_the_settings() -> None:
    cors = http("dev").inputs("apigatewayv2/api:Api")["corsConfiguration"]
    assert cors["allowOrigins"] == ["http://localhost:3000", "http://localhost:5173"]
    assert cors["allowMethods"] == ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
    assert {"authorization", "content-type", "if-match"} <= set(cors["allowHeaders"])
    assert {"ETag", "Location", "apigw-requestid"} <= set(cors["exposeHeaders"])
    without = Graph(plan(ROOT, "dev", {"api.flavour": "http", "api.corsOrigins": "[]"}))
    assert "corsConfiguration" not in without.inputs("apigatewayv2/api:Api")


def test_routes_have_the_limits_of_the_settings() -> None:
    limit = json.dumps({"items-list": {"throttleRate": 5, "throttleBurst": 9}})
    stage = Graph(plan(ROOT, "dev", {"api.flavour": "http", "api.routes": limit})).inputs("apigatewayv2/stage:Stage")
    limits = [(each["throttlingRateLimit"], each["throttlingBurstLimit"]) for each in stage["routeSettings"]]
    assert limits == [(5, 9), (5, 9)]
    assert [each["routeKey"] for each in stage["routeSettings"]] == ["GET /items", "HEAD /items"]
