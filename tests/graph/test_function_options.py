"""Settings of functions in the planned program: overrides, layouts, and what each option adds."""

import json
from collections import Counter
from typing import Any, ClassVar

import pytest

from handlers.contract import load_collections, routes
from infra.functions.function_settings import OWN_VARIABLES
from infra.functions.layouts import function_names
from infra.naming import Names
from infra.packaging.bundles import ROOT
from local.engine import DeploymentError
from local.plans.plan import plan
from tests.graph.conftest import Graph, planned

FUNCTION = "lambda/function:Function"
PERMISSION = "lambda/permission:Permission"
POLICY = "iam/rolePolicy:RolePolicy"
ALIAS = "lambda/alias:Alias"
PROVISIONED = "lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
ROUTES = {route.name: route for route in routes(load_collections())}
FUNCTIONS = {*ROUTES, "authorizer"}
SCALED = {
    "minimum": 1, "maximum": 5, "utilization": 0.6,
    "schedules": [{"name": "morning", "cron": "0 8 ? * MON-FRI *", "minimum": 3, "maximum": 9}],
}  # fmt: skip


def with_functions(stack: str = "dev", groups: dict[str, Any] | None = None, **functions: Any) -> Graph:
    values = {"functions": functions, **(groups or {})}
    texts = {f"{group}.{name}": json.dumps(each) for group, members in values.items() for name, each in members.items()}
    return Graph(plan(ROOT, stack, texts))


def inputs_of(graph: Graph, name: str, kind: str = FUNCTION) -> dict[str, Any]:
    return dict(graph.of_type(kind)[name].inputs)


def added(graph: Graph) -> dict[str, int]:
    """Return how many resources of each type a stack has more, or fewer, than by default."""
    counts = Counter(each.type for each in graph.deployment.resources if each.custom)
    counts.subtract(each.type for each in planned("dev").deployment.resources if each.custom)
    return {type_.removeprefix("aws:"): number for type_, number in counts.items() if number}


def test_a_route_adds_five_resources() -> None:
    for name, route in ROUTES.items():
        found = [
            each for each in planned("dev").deployment.resources
            if each.custom and f"gatehouse:compute:Function::{name}" in (each.parent or "")
        ]  # fmt: skip
        assert len(found) == 5, (route, [each.urn for each in found])


class TestOverrides:
    overrides: ClassVar[dict[str, Any]] = {
        "items": {"memory": 1024, "timeout": 7, "environment": {"KIND": "items", "TEAM": "b"}, "logLevel": "ERROR"},
        "items-list": {"timeout": 5, "runtime": "python3.14", "reservedConcurrency": 3, "logLevel": "DEBUG"},
        "authorizer": {"memory": 768},
    }  # fmt: skip

    def test_the_most_specific_applies(self) -> None:
        graph = with_functions(memory=256, environment={"TEAM": "a"}, overrides=self.overrides)
        one, two, other, authorizer = (
            inputs_of(graph, name) for name in ("items-list", "items-read", "users-list", "authorizer")
        )
        assert [each["memorySize"] for each in (one, two, other, authorizer)] == [1024, 1024, 256, 768]
        assert [each["timeout"] for each in (one, two, other, authorizer)] == [5, 7, 10, 10]
        assert [each["runtime"] for each in (one, two)] == ["python3.14", "python3.13"]
        assert [each.get("reservedConcurrentExecutions") for each in (one, two)] == [3, None]
        levels = [each["loggingConfig"]["applicationLogLevel"] for each in (one, two, other)]
        assert levels == ["DEBUG", "ERROR", "INFO"]
        variables = [each["environment"]["variables"] for each in (one, other)]
        assert (variables[0]["TEAM"], variables[0]["KIND"]) == ("b", "items")
        assert (variables[1]["TEAM"], "KIND" in variables[1]) == ("a", False)
        assert authorizer["environment"]["variables"] == {"TEAM": "a"}

    def test_a_runtime_decides_which_packages_a_bundle_has(self) -> None:
        graph = with_functions(overrides=self.overrides)
        code = {name: inputs_of(graph, name)["code"].path for name in ("items-list", "items-read", "items-create")}
        assert code["items-read"] == code["items-create"] != code["items-list"]

    def test_every_variable_of_the_program_is_rejected_as_a_users(self) -> None:
        graph = with_functions(
            "local",
            {
                "api": {"corsExposedHeaders": ["X-A"], "corsCredentials": True},
                "monitoring": {"enabled": True},
                "identity": {"enabled": True, "machines": {"reporting": ["items:read"]}},
                "data": {"lifetimes": {"events": 90}},
            },
            environment={"TEAM": "a"},
        )
        found = {name for each in graph.of_type(FUNCTION).values() for name in each.inputs["environment"]["variables"]}
        single = with_functions(layout="single", environment={"TEAM": "a"})
        found |= set(inputs_of(single, "handlers")["environment"]["variables"])
        assert found == {*OWN_VARIABLES, "TEAM"}


class TestRejected:
    @pytest.mark.parametrize(
        ("functions", "problem"),
        [
            ({"overrides": {"itemz": {}}}, "functions.overrides.itemz: matches no function of the layout operation"),
            (
                {"overrides": {"handlers": {}}},
                "functions.overrides.handlers: matches no function of the layout operati",
            ),
            (
                {"layout": "collection", "overrides": {"items-list": {}}},
                "items-list: matches no function of the layout collection; allowed: events, items, users, authorizer",
            ),
            (
                {"layout": "single", "overrides": {"items": {}}},
                "items: matches no function of the layout single; allowed: handlers, authorizer",
            ),
        ],
    )
    def test_an_override_that_matches_no_function(self, functions: dict[str, Any], problem: str) -> None:
        with pytest.raises(DeploymentError, match=problem):
            with_functions(**functions)

    @pytest.mark.parametrize(
        ("functions", "problem"),
        [
            (
                {"reservedConcurrency": 4, "provisionedConcurrency": SCALED},
                r"functions.provisionedConcurrency: must be at most reservedConcurrency, 4 \(found 9\)",
            ),
            (
                {"provisionedConcurrency": SCALED, "overrides": {"items": {"reservedConcurrency": 8}}},
                r"overrides.items.reservedConcurrency: must be at least .* provisionedConcurrency, 9 \(found 8\)",
            ),
            (
                {"overrides": {
                    "items": {"provisionedConcurrency": {"minimum": 5, "maximum": 5}},
                    "items-list": {"reservedConcurrency": 3},
                }},
                r"functions.overrides.items-list.reservedConcurrency: .* 5 \(found 3\)",
            ),
        ],
    )  # fmt: skip
    def test_fewer_reserved_than_provisioned_environments(self, functions: dict[str, Any], problem: str) -> None:
        with pytest.raises(DeploymentError, match=problem):
            with_functions(versions=True, **functions)


class TestLayouts:
    def test_a_function_per_collection(self) -> None:
        graph = with_functions(layout="collection")
        assert set(graph.of_type(FUNCTION)) == {"events", "items", "users", "authorizer"}
        assert inputs_of(graph, "items")["handler"] == "handlers.router.handler"
        assert inputs_of(graph, "items")["name"] == "gatehouse-dev-items"
        assert graph.deployment.exports["functions"] == {
            name: f"gatehouse-dev-{route.collection.name}" for name, route in ROUTES.items()
        }

    def test_a_function_for_everything(self) -> None:
        graph = with_functions(layout="single")
        assert set(graph.of_type(FUNCTION)) == {"handlers", "authorizer"}
        assert inputs_of(graph, "handlers")["environment"]["variables"]["TABLE_PREFIX"] == "gatehouse-dev-"

    @pytest.mark.parametrize(
        ("layout", "expected"),
        [("operation", 19), ("collection", 4), ("single", 2)],
    )
    def test_each_function_has_one_permission(self, layout: str, expected: int) -> None:
        graph = with_functions(layout=layout)
        assert len(graph.of_type(PERMISSION)) == len(graph.of_type(FUNCTION)) == expected

    def test_names_that_are_too_long_or_taken_are_reported(self) -> None:
        names = function_names(list(ROUTES.values()), "collection")
        too_long = list(Names("gatehouse", "x" * 48).problems(names))
        assert [line.partition(":")[0].rpartition("-")[2] for line in too_long] == ["events", "authorizer"]
        assert all("must have at most 64 characters" in line for line in too_long)
        assert list(Names("a", "b").problems(["authorizer", "authorizer"])) == [
            "a-b-authorizer: must not be the name of two functions"
        ]


class TestOptions:
    def test_a_layer_adds_one_resource_for_each_runtime(self) -> None:
        layer = "lambda/layerVersion:LayerVersion"
        graph = with_functions(layer=True)
        assert added(graph) == {layer: 1}
        inputs = inputs_of(graph, "handlers-python3-13", layer)
        assert inputs["compatibleRuntimes"] == ["python3.13"]
        assert inputs["compatibleArchitectures"] == ["arm64"]
        assert all(len(inputs_of(graph, name)["layers"]) == 1 for name in ROUTES)
        assert "layers" not in inputs_of(graph, "authorizer")
        assert added(with_functions(layer=True, overrides={"items": {"runtime": "python3.14"}})) == {layer: 2}

    def test_versions_add_an_alias_for_each_function_which_alone_may_be_invoked(self) -> None:
        graph = with_functions(versions=True)
        assert added(graph) == {ALIAS: len(FUNCTIONS)}
        assert set(graph.of_type(ALIAS)) == FUNCTIONS
        assert all(inputs_of(graph, name)["publish"] is True for name in FUNCTIONS)
        default = set(planned("dev").of_type(PERMISSION))
        permissions = graph.of_type(PERMISSION)
        assert set(permissions) == {f"{name}-live" for name in default}
        assert {each.inputs["qualifier"] for each in permissions.values()} == {"live"}

    def test_snapshots_add_nothing(self) -> None:
        graph = with_functions(versions=True, snapStart=True)
        assert added(graph) == {ALIAS: len(FUNCTIONS)}
        assert {json.dumps(inputs_of(graph, name)["snapStart"]) for name in FUNCTIONS} == {
            '{"applyOn": "PublishedVersions"}'
        }

    def test_a_fixed_number_of_environments_adds_one_resource_for_each_function(self) -> None:
        graph = with_functions(versions=True, provisionedConcurrency={"minimum": 2, "maximum": 2})
        assert added(graph) == {ALIAS: len(FUNCTIONS), PROVISIONED: len(FUNCTIONS)}
        inputs = inputs_of(graph, "items-list", PROVISIONED)
        assert (inputs["functionName"], inputs["qualifier"]) == ("gatehouse-dev-items-list", "live")
        assert inputs["provisionedConcurrentExecutions"] == 2

    def test_scaling_adds_a_target_a_policy_and_each_schedule(self) -> None:
        graph = with_functions(versions=True, overrides={"authorizer": {"provisionedConcurrency": SCALED}})
        kinds = ("target:Target", "policy:Policy", "scheduledAction:ScheduledAction")
        assert added(graph) == {ALIAS: len(FUNCTIONS), **{f"appautoscaling/{kind}": 1 for kind in kinds}}
        target, policy, action = (graph.inputs(f"appautoscaling/{kind}") for kind in kinds)
        common = {
            "serviceNamespace": "lambda", "scalableDimension": "lambda:function:ProvisionedConcurrency",
            "resourceId": "function:gatehouse-dev-authorizer:live",
        }  # fmt: skip
        for each in (target, policy, action):
            assert {name: each[name] for name in common} == common
        assert (target["minCapacity"], target["maxCapacity"]) == (1, 5)
        assert policy["targetTrackingScalingPolicyConfiguration"] == {
            "targetValue": 0.6,
            "predefinedMetricSpecification": {"predefinedMetricType": "LambdaProvisionedConcurrencyUtilization"},
        }
        assert action["schedule"] == "cron(0 8 ? * MON-FRI *)"
        assert action["scalableTargetAction"] == {"minCapacity": 3, "maxCapacity": 9}

    def test_tracing_adds_a_policy_for_each_function_and_traces_the_stage(self) -> None:
        graph = with_functions(tracing=True)
        assert added(graph) == {POLICY: len(FUNCTIONS)}
        assert graph.inputs("apigateway/stage:Stage")["xrayTracingEnabled"] is True
        for name in FUNCTIONS:
            assert inputs_of(graph, name)["tracingConfig"] == {"mode": "Active"}
            (statement,) = json.loads(inputs_of(graph, f"{name}-tracing", POLICY)["policy"])["Statement"]
            assert statement["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
            assert statement["Resource"] == ["*"]
