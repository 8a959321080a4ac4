"""Clients and requests in the planned program: what each setting adds, and what it leaves as it is."""

import json
from functools import cache
from typing import Any

import pytest

from handlers.contract import load_collections, routes
from infra.api.throttling import Throttle, throttles
from infra.packaging.bundles import ROOT
from infra.settings import load
from infra.stack_file import read
from local.engine import DeploymentError
from local.engine.values import Secret, Unknown
from local.plans.plan import plan, records
from tests.graph.conftest import Graph

ROUTES = routes(load_collections())
METHODS = "apigateway/methodSettings:MethodSettings"
STAGE = "apigateway/stage:Stage"
PLAN: dict[str, Any] = {"name": "gold", "rate": 1, "burst": 1, "clients": {"main": ["app", "reports"]}}
CACHE = {"size": 1.6, "collections": {"items": {"ttl": 60}}}
API = {"corsOrigins": ["http://localhost:3000", "http://localhost:5173"]}
"""The settings of the dev stack, which settings of the same group replace."""
LIMIT = {"throttleRate": 5, "throttleBurst": 10}


@cache
def _planned(settings: str) -> Graph:
    return Graph(plan(ROOT, "dev", json.loads(settings)))


def planned(**settings: Any) -> Graph:
    return _planned(json.dumps({f"gatehouse:{name}": json.dumps(value) for name, value in settings.items()}))


def changed(graph: Graph) -> set[str]:
    """Return the types of the resources that differ from those without the settings, or exist only with them."""
    before = records(planned().deployment)
    return {each["type"] for each in records(graph.deployment) if each not in before}


def additional(graph: Graph) -> int:
    return len(graph.deployment.resources) - len(planned().deployment.resources)


HEADER = {"keys": "header", "plans": [PLAN]}


class TestKeys:
    def test_each_listed_client_has_a_key_that_api_gateway_generates(self) -> None:
        graph = planned(usage=HEADER)
        keys = graph.of_type("apigateway/apiKey:ApiKey")
        assert set(keys) == {"sent:main|app", "sent:main|reports"}
        assert not any("value" in key.inputs for key in keys.values())
        assert graph.inputs("apigateway/restApi:RestApi")["apiKeySource"] == "HEADER"

    def test_it_adds_a_component_a_plan_and_two_resources_per_client(self) -> None:
        assert additional(planned(usage=HEADER)) == 1 + 1 + 2 * len(PLAN["clients"]["main"])

    def test_a_key_is_another_resource_than_the_authorizers(self) -> None:
        """Else the provider would keep the authorizer's value, which anyone can compute."""
        header, authorizer = (planned(usage={"keys": keys, "plans": [PLAN]}) for keys in ("header", "authorizer"))
        types = ("apigateway/apiKey:ApiKey", "apigateway/usagePlanKey:UsagePlanKey")
        for type_ in types:
            urns = [{each.urn for each in graph.of_type(type_).values()} for graph in (header, authorizer)]
            assert not urns[0] & urns[1]

    def test_keys_are_secrets_in_every_output_and_in_the_plan(self) -> None:
        graph = planned(usage=HEADER)
        assert isinstance(graph.deployment.exports["apiKeys"], (Secret, Unknown))
        for type_ in ("apigateway/apiKey:ApiKey", "apigateway/usagePlanKey:UsagePlanKey"):
            assert all("value" in each.additional_secret_outputs for each in graph.of_type(type_).values())
        assert "apiKeys" not in planned(usage={"plans": [PLAN]}).deployment.exports
        assert "apiKeys" not in planned().deployment.exports

    def test_the_authorizer_neither_returns_keys_nor_rejects_clients(self) -> None:
        settings = load("gatehouse", "dev", read(ROOT, "dev", {"gatehouse:usage": json.dumps(HEADER)}).values)
        assert settings.usage.clients() is None
        assert not settings.usage.rejects_unlisted


class TestResponseCache:
    def test_only_the_listed_get_methods_are_cached_and_every_entry_is_encrypted(self) -> None:
        graph = planned(api={"cache": CACHE})
        stage = graph.inputs(STAGE)
        assert (stage["cacheClusterEnabled"], stage["cacheClusterSize"]) == (True, "1.6")
        settings = {each.inputs["methodPath"]: each.inputs["settings"] for each in graph.of_type(METHODS).values()}
        assert set(settings) == {"*/*", "~1items/GET", "~1items~1{id}/GET"}
        assert settings.pop("*/*")["cachingEnabled"] is False
        for each in settings.values():
            assert each["cachingEnabled"] is each["cacheDataEncrypted"] is True
            assert each["requireAuthorizationForCacheControl"] is True
            assert each["unauthorizedCacheControlHeaderStrategy"] == "SUCCEED_WITHOUT_RESPONSE_HEADER"
            assert each["cacheTtlInSeconds"] == 60
            assert (each["throttlingRateLimit"], each["loggingLevel"], each["metricsEnabled"]) == (100, "ERROR", False)

    def test_it_adds_two_resources_per_collection(self) -> None:
        assert additional(planned(api={"cache": CACHE})) == 2

    def test_without_it_nothing_is_said_about_caching(self, graph: Graph) -> None:
        assert not [name for name in graph.inputs(STAGE) if name.startswith("cache")]
        settings = graph.inputs(METHODS)["settings"]
        assert not [name for name in settings if "cache" in name.lower() or "caching" in name]


class TestThrottling:
    def test_the_most_specific_limit_wins(self) -> None:
        graph = planned(
            api={"throttleRate": 100, "routes": {"items": LIMIT, "items-list": {**LIMIT, "throttleRate": 1}}}
        )
        rates = {
            each.inputs["methodPath"]: each.inputs["settings"]["throttlingRateLimit"]
            for each in graph.of_type(METHODS).values()
        }
        assert rates["~1items/GET"] == rates["~1items/HEAD"] == 1
        assert rates["~1items/POST"] == rates["~1items~1{id}/DELETE"] == 5
        assert rates["*/*"] == 100
        assert not [path for path in rates if "users" in path]

    def test_a_route_adds_one_resource_per_method(self) -> None:
        assert additional(planned(api={"routes": {"items-list": LIMIT}})) == 2
        assert additional(planned(api={"routes": {"items": LIMIT}})) == 8

    def test_limits_are_resolved_for_each_method_and_path(self) -> None:
        found = throttles(ROUTES, {"users-read": Throttle(throttle_rate=1, throttle_burst=2)})
        assert set(found) == {("GET", "/users/{id}"), ("HEAD", "/users/{id}")}


@pytest.mark.usefixtures("samples")
@pytest.mark.parametrize(
    ("api", "line"),
    [
        ({"routes": {"orders": LIMIT}}, "routes.orders: unknown route; routes and collections: events, items, users, "),
        ({"cache": {**CACHE, "collections": {"orders": {"ttl": 1}}}}, "cache.collections.orders: unknown collection"),
    ],
)  # fmt: skip
def test_names_that_the_contract_does_not_have_are_rejected(api: dict[str, Any], line: str) -> None:
    with pytest.raises(DeploymentError) as failure:
        planned(api=api)
    assert f"  gatehouse:api.{line}" in str(failure.value)


class TestStageVariables:
    def test_read_only_changes_the_stage_and_nothing_else(self) -> None:
        graph = planned(api={**API, "readOnly": True})
        assert graph.inputs(STAGE)["variables"] == {"stack": "dev", "readOnly": "true"}
        assert changed(graph) == {"aws:apigateway/stage:Stage"}

    def test_an_http_api_has_the_variable_too(self) -> None:
        graph = planned(api={**API, "flavour": "http", "readOnly": True})
        assert graph.inputs("apigatewayv2/stage:Stage")["stageVariables"] == {"stack": "dev", "readOnly": "true"}

    def test_the_variable_is_not_set_by_default(self, graph: Graph) -> None:
        assert set(graph.inputs(STAGE)["variables"]) == {"stack"}


@pytest.mark.parametrize(("flavour", "enabled"), [(each, on) for each in ("rest", "http") for on in (False, True)])
def test_detailed_metrics_which_are_billed_are_off_unless_they_are_set(flavour: str, *, enabled: bool) -> None:
    routes = {"items-list": {"throttleRate": 1, "throttleBurst": 2}}
    given = {"detailedMetrics": True} if enabled else {}
    graph = planned(api={**API, "flavour": flavour, "routes": routes, **given})
    if flavour == "rest":
        found = [each.inputs["settings"]["metricsEnabled"] for each in graph.of_type(METHODS).values()]
    else:
        stage = graph.inputs("apigatewayv2/stage:Stage")
        settings = [stage["defaultRouteSettings"], *stage["routeSettings"]]
        found = [each["detailedMetricsEnabled"] for each in settings]
    assert len(found) > 1
    assert set(found) == {enabled}


def test_cors_settings_reach_the_handlers_environment() -> None:
    graph = planned(api={**API, "corsExposedHeaders": ["X-Rate"], "corsCredentials": True})
    variables = graph.of_type("lambda/function:Function")["items-read"].inputs["environment"]["variables"]
    assert variables["CORS_EXPOSED_HEADERS"] == "X-Rate"
    assert variables["CORS_CREDENTIALS"] == "true"
    before = planned().of_type("lambda/function:Function")["items-read"].inputs["environment"]["variables"]
    assert not {"CORS_EXPOSED_HEADERS", "CORS_CREDENTIALS"} & set(before)
    assert additional(graph) == 0
