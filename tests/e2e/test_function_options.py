"""Stacks whose functions have other layouts and options, called over HTTP and looked up with boto3."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from handlers.contract import load_collections, routes
from infra.packaging.bundles import ROOT
from infra.stack_file import SettingsError
from local import deploy
from local.deploy import Engine
from local.provider import Provider
from local.running_stack import RunningStack, StackOptions, running_stack
from tests.e2e.conftest import Client, two_free_ports

ROUTES = routes(load_collections())
COLLECTIONS = [collection.name for collection in load_collections()]
BODIES: Mapping[str, dict[str, Any]] = {each.name: each.example for each in load_collections()}

OPTIONS: dict[str, Any] = {
    "layout": "collection",
    "layer": True,
    "versions": True,
    "tracing": True,
    "environment": {"TEAM": "store"},
    "reservedConcurrency": 7,
    "overrides": {
        "items": {"memory": 320, "timeout": 5, "logLevel": "DEBUG", "environment": {"KIND": "items"}},
        **({"events": {"snapStart": True}} if sys.version_info >= (3, 12) else {}),
        "users": {"provisionedConcurrency": {"minimum": 2, "maximum": 2}},
        "authorizer": {"memory": 384, "provisionedConcurrency": {"minimum": 1, "maximum": 1}},
    },
}


@dataclass(frozen=True)
class Deployed:
    """A running stack with a client of its API and one of Lambda."""

    options: StackOptions
    stack: RunningStack
    client: Client
    provider: Provider

    @property
    def aws_lambda(self) -> Any:
        return self.provider.connection.client("lambda")

    def up(self, **functions: Any) -> None:
        """Deploy again, with other settings of the functions."""
        settings = {**self.options.settings, "functions": {**self.options.settings["functions"], **functions}}
        given = replace(self.options, settings=settings)
        deploy.up(given.engine, given.target(self.stack.emulator.endpoint_url), lambda _: None)

    def configuration(self, name: str, **more: Any) -> dict[str, Any]:
        return self.aws_lambda.get_function_configuration(FunctionName=f"gatehouse-local-{name}", **more)


@contextmanager
def deployed(engine: Engine, state: Path, flavour: str = "rest", **functions: Any) -> Iterator[Deployed]:
    settings = {"api.flavour": flavour, "functions": {"architecture": "host", **functions}}
    options = StackOptions(root=ROOT, state=state, port=two_free_ports(), engine=engine, settings=settings)
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        provider = Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account)
        yield Deployed(options, stack, Client(stack, http, flavour=flavour), provider)


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A function per collection, with every option that the emulator supports."""
    with deployed(engine, tmp_path_factory.mktemp("collection"), **OPTIONS) as running:
        yield running


@pytest.fixture(scope="module")
def single(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """One function for all routes."""
    with deployed(engine, tmp_path_factory.mktemp("single"), layout="single") as running:
        yield running


def granted(stack: Deployed, function: str) -> set[tuple[str, str]]:
    """Return the DynamoDB actions that a function's role allows, each with a table or an index."""
    iam = stack.provider.connection.client("iam")
    policy = iam.get_role_policy(RoleName=f"gatehouse-local-{function}", PolicyName="function")["PolicyDocument"]
    return {
        (action.partition(":")[2], resource.partition(":table/")[2])
        for statement in policy["Statement"]
        for action in statement["Action"]
        if action.startswith("dynamodb:")
        for resource in statement["Resource"]
    }


def needed(name: str) -> set[tuple[str, str]]:
    """Return what the operations of a collection need."""
    (collection,) = (each for each in load_collections() if each.name == name)
    table = f"gatehouse-local-{name}"
    actions = ("Query", "PutItem", "GetItem", "UpdateItem", "DeleteItem")
    return {(action, table) for action in actions} | {
        ("Query", f"{table}/index/{each.name}") for each in collection.indexes
    }


def require_every_route(client: Client) -> None:
    """Call each operation of each collection."""
    token = client.token()
    for name in COLLECTIONS:
        created = client.call("POST", f"/{name}", token, json=BODIES[name])
        assert created.status_code == 201, created.text
        path = f"/{name}/{created.json()['id']}"
        statuses = [
            client.call(method, each, token, **more).status_code
            for method, each, more in (
                ("GET", f"/{name}", {}), ("HEAD", f"/{name}", {}), ("GET", path, {}), ("HEAD", path, {}),
                ("PUT", path, {"json": BODIES[name]}), ("PATCH", path, {"json": {"name": "b"}}), ("DELETE", path, {}),
                ("GET", path, {}),
            )
        ]  # fmt: skip
        assert statuses == [200, 200, 200, 200, 200, 200, 204, 404], name
        assert client.call("GET", f"/{name}", client.token(scope="none:read")).status_code == 403


class TestFunctionPerCollection:
    def test_every_route_answers(self, stack: Deployed) -> None:
        require_every_route(stack.client)

    def test_routes_share_the_function_of_their_collection(self, stack: Deployed) -> None:
        expected = {route.name: f"gatehouse-local-{route.collection.name}" for route in ROUTES}
        assert dict(stack.stack.exports["functions"]) == expected
        names = {each["FunctionName"] for each in stack.aws_lambda.list_functions()["Functions"]}
        assert names == {*expected.values(), "gatehouse-local-authorizer"}

    def test_a_role_allows_what_the_operations_of_its_collection_need(self, stack: Deployed) -> None:
        for name in COLLECTIONS:
            assert granted(stack, name) == needed(name)

    def test_packages_are_in_one_layer_and_modules_in_the_functions(self, stack: Deployed) -> None:
        layers = {name: stack.configuration(name)["Layers"][0] for name in COLLECTIONS}
        assert len({layer["Arn"] for layer in layers.values()}) == 1
        assert layers["items"]["CodeSize"] > 20 * stack.configuration("items")["CodeSize"]
        assert "Layers" not in stack.configuration("authorizer") or not stack.configuration("authorizer")["Layers"]

    def test_settings_of_a_collection_override_those_of_the_stack(self, stack: Deployed) -> None:
        items, users = stack.configuration("items"), stack.configuration("users")
        assert (items["MemorySize"], users["MemorySize"], stack.configuration("authorizer")["MemorySize"]) == (
            320,
            512,
            384,
        )
        assert (items["Timeout"], users["Timeout"]) == (5, 10)
        assert items["LoggingConfig"]["ApplicationLogLevel"] == "DEBUG"
        variables = items["Environment"]["Variables"]
        assert (variables["TEAM"], variables["KIND"], variables["COLLECTION"]) == ("store", "items", "items")
        assert "KIND" not in users["Environment"]["Variables"]
        for name in (*COLLECTIONS, "authorizer"):
            concurrency = stack.aws_lambda.get_function_concurrency(FunctionName=f"gatehouse-local-{name}")
            assert concurrency["ReservedConcurrentExecutions"] == 7

    def test_functions_and_the_stage_are_traced(self, stack: Deployed) -> None:
        for name in (*COLLECTIONS, "authorizer"):
            assert stack.configuration(name)["TracingConfig"] == {"Mode": "Active"}
        gateway = stack.provider.connection.client("apigateway")
        (api,) = gateway.get_rest_apis()["items"]
        assert gateway.get_stage(restApiId=api["id"], stageName="local")["tracingEnabled"] is True

    def test_environments_are_provisioned_for_the_alias(self, stack: Deployed) -> None:
        for name, number in (("users", 2), ("authorizer", 1)):
            found = stack.aws_lambda.get_provisioned_concurrency_config(
                FunctionName=f"gatehouse-local-{name}", Qualifier="live"
            )
            assert found["RequestedProvisionedConcurrentExecutions"] == number

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="SnapStart needs Python 3.12; functions run on the host's")
    def test_a_function_starts_from_a_snapshot_of_its_version(self, stack: Deployed) -> None:
        assert stack.configuration("events", Qualifier="live")["SnapStart"]["ApplyOn"] == "PublishedVersions"
        assert stack.configuration("items", Qualifier="live")["SnapStart"]["ApplyOn"] == "None"

    def test_only_the_alias_may_be_invoked(self, stack: Deployed) -> None:
        for name in (*COLLECTIONS, "authorizer"):
            policy = stack.aws_lambda.get_policy(FunctionName=f"gatehouse-local-{name}", Qualifier="live")["Policy"]
            assert f":function:gatehouse-local-{name}:live" in policy
            assert policy.count("execute-api") == 1

    def test_an_update_publishes_a_version_and_moves_the_alias(self, stack: Deployed) -> None:
        def version_of(name: str) -> str:
            alias = stack.aws_lambda.get_alias(FunctionName=f"gatehouse-local-{name}", Name="live")
            return alias["FunctionVersion"]

        before = {name: version_of(name) for name in COLLECTIONS}
        items = {**OPTIONS["overrides"]["items"], "memory": 448}
        stack.up(overrides={**OPTIONS["overrides"], "items": items})
        after = {name: version_of(name) for name in COLLECTIONS}
        assert int(after["items"]) > int(before["items"])
        assert {**after, "items": before["items"]} == before
        assert stack.configuration("items", Qualifier="live")["MemorySize"] == 448
        assert stack.configuration("items", Qualifier=before["items"])["MemorySize"] == 320
        require_every_route(stack.client)
        stack.up()

    def test_automatic_scaling_is_rejected_locally(self, stack: Deployed) -> None:
        with pytest.raises(SettingsError, match="provisionedConcurrency: not supported by the local stack"):
            stack.up(provisionedConcurrency={"minimum": 1, "maximum": 2}, overrides={})


class TestOneFunction:
    def test_every_route_answers(self, single: Deployed) -> None:
        require_every_route(single.client)

    def test_there_is_one_function_besides_the_authorizer(self, single: Deployed) -> None:
        names = {each["FunctionName"] for each in single.aws_lambda.list_functions()["Functions"]}
        assert names == {"gatehouse-local-handlers", "gatehouse-local-authorizer"}

    def test_its_role_allows_what_all_operations_need(self, single: Deployed) -> None:
        assert granted(single, "handlers") == set().union(*map(needed, COLLECTIONS))

    def test_another_layout_replaces_the_functions_and_keeps_the_data(self, single: Deployed) -> None:
        token = single.client.token("keeper")
        created = single.client.call("POST", "/items", token, json=BODIES["items"]).json()
        single.up(layout="operation")
        try:
            assert single.client.call("GET", f"/items/{created['id']}", token).json() == created
            names = {each["FunctionName"] for each in single.aws_lambda.list_functions()["Functions"]}
            assert names == {f"gatehouse-local-{each}" for each in (*(route.name for route in ROUTES), "authorizer")}
            require_every_route(single.client)
        finally:
            single.up()
        assert single.client.call("GET", f"/items/{created['id']}", token).json() == created


def test_an_http_api_with_each_layout_a_layer_and_compiled_files(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The router reads the routes of the other payload format, and compiled packages are found in the layer."""
    folder, options = tmp_path_factory.mktemp("http"), {"layer": True, "compiledFiles": True}
    with deployed(engine, folder, "http", layout="collection", **options) as running:
        require_every_route(running.client)
        items = running.configuration("items")
        assert items["Layers"][0]["CodeSize"] > 10 * items["CodeSize"]
        for name in COLLECTIONS:
            assert granted(running, name) == needed(name)
        running.up(layout="single")
        require_every_route(running.client)
        assert granted(running, "handlers") == set().union(*map(needed, COLLECTIONS))
