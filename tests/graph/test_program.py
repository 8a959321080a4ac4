"""The program planned for each stack, asserted on its records."""

import json
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from handlers.contract import load_collections, routes
from infra import stack_file
from infra.packaging import bundles
from infra.packaging.bundles import ROOT, Bundle
from local import cli
from local.engine import DeploymentError, run
from local.engine.values import Unknown
from local.plans.architecture import function_name
from local.plans.plan import example, plan
from local.provider.example import ExampleProvider
from local.provider.state import Document, State
from tests.checkout import checkout
from tests.graph.conftest import Graph
from tests.graph.settings_space import everything_on, overrides

ROUTES = {route.name: route for route in routes(load_collections())}


def test_every_route_has_a_function_and_the_authorizer_one_of_its_own(graph: Graph) -> None:
    assert set(graph.of_type("lambda/function:Function")) == {*ROUTES, "authorizer"}


def test_the_execution_log_group_comes_before_the_setting_that_would_create_it(graph: Graph) -> None:
    group = graph.of_type("cloudwatch/logGroup:LogGroup")["execution"]
    access = graph.of_type("cloudwatch/logGroup:LogGroup")["access"]
    assert group.inputs["retentionInDays"] == access.inputs["retentionInDays"]
    settings = graph.one("apigateway/methodSettings:MethodSettings")
    assert settings.inputs["settings"]["loggingLevel"] == "ERROR"
    assert group.urn in settings.dependencies


def test_functions_have_memory_timeout_and_structured_logs(graph: Graph) -> None:
    for function in graph.of_type("lambda/function:Function").values():
        assert function.inputs["memorySize"] >= 128
        assert 1 <= function.inputs["timeout"] <= 29
        assert function.inputs["loggingConfig"]["logFormat"] == "JSON"


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "ERROR"])
def test_handlers_log_from_the_stacks_level_and_the_authorizer_keeps_its_metrics(level: str) -> None:
    functions = Graph(plan(ROOT, "dev", {"gatehouse:logs": json.dumps({"level": level})})).of_type(
        "lambda/function:Function"
    )
    levels = {name: each.inputs["loggingConfig"]["applicationLogLevel"] for name, each in functions.items()}
    assert levels.pop("authorizer") == ("DEBUG" if level == "DEBUG" else "INFO")
    assert set(levels.values()) == {level}


def test_the_api_is_one_regional_resource_made_from_one_document(graph: Graph) -> None:
    inputs = graph.inputs("apigateway/restApi:RestApi")
    assert inputs["endpointConfiguration"]["types"] == "REGIONAL"
    assert inputs["failOnWarnings"] is True
    assert "body" in inputs
    assert graph.of_type("apigateway/method:Method") == {}


def test_the_stage_logs_and_throttles(graph: Graph) -> None:
    stage = graph.inputs("apigateway/stage:Stage")
    assert stage["accessLogSettings"]["format"].startswith('{"request_id": "$context.requestId"')
    assert stage["variables"]["stack"] == stage["stageName"]
    settings = graph.inputs("apigateway/methodSettings:MethodSettings")["settings"]
    assert settings["throttlingRateLimit"] > 0
    assert settings["throttlingBurstLimit"] > 0
    assert settings["dataTraceEnabled"] is False


def test_tables_are_keyed_by_owner_and_id(graph: Graph) -> None:
    for collection in load_collections():
        table = graph.of_type("dynamodb/table:Table")[collection.name]
        assert (table.inputs["hashKey"], table.inputs["rangeKey"]) == ("owner", "id")
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
        assert table.inputs["ttl"] == {"attributeName": "expires_at", "enabled": True}


def test_every_filter_and_range_has_an_index_and_so_have_ids_that_clients_choose(graph: Graph) -> None:
    for collection in load_collections():
        table = graph.of_type("dynamodb/table:Table")[collection.name]
        indexes = {index["name"]: index["keySchemas"] for index in table.inputs.get("globalSecondaryIndexes", ())}
        keys = {f"by_{name}": (f"by_{name}", "created_at") for name in collection.filters}
        if collection.client_ids:
            keys["by_created"] = ("owner", "created_at")
        keys |= {f"{name}_range": ("owner", name) for name in collection.ranges}
        assert indexes == {
            name: [
                {"attributeName": partition_key, "keyType": "HASH"},
                {"attributeName": sort_key, "keyType": "RANGE"},
            ]
            for name, (partition_key, sort_key) in keys.items()
        }


def test_a_table_defines_the_attributes_that_are_keys_and_no_others(graph: Graph) -> None:
    """DynamoDB refuses a table that defines more or fewer."""
    for table in graph.of_type("dynamodb/table:Table").values():
        schemas = [index["keySchemas"] for index in table.inputs.get("globalSecondaryIndexes", ())]
        keys = {table.inputs[name] for name in ("hashKey", "rangeKey") if name in table.inputs}
        keys |= {key["attributeName"] for schema in schemas for key in schema}
        assert sorted(each["name"] for each in table.inputs["attributes"]) == sorted(keys)


def test_every_resource_has_a_component_for_a_parent(graph: Graph) -> None:
    for each in graph.deployment.resources:
        if each.type.startswith("aws:"):
            assert "gatehouse:" in each.parent


def test_the_exports_name_what_others_need(graph: Graph) -> None:
    exports = graph.deployment.exports
    stack = graph.deployment.stack
    target = {"domainTarget"} if stack == "prod" else set[str]()
    assert set(exports) == {"url", "functions", "tables", "authorizer"} | target
    assert exports["tables"] == {each.name: f"gatehouse-{stack}-{each.name}" for each in load_collections()}
    assert exports["functions"] == {name: f"gatehouse-{stack}-{name}" for name in ROUTES}
    assert exports["authorizer"] == f"gatehouse-{stack}-authorizer"
    assert exports["url"] == "https://api.example.com" if stack == "prod" else isinstance(exports["url"], Unknown)


class TestProdAndDev:
    def test_prod_protects_its_data_and_dev_does_not(self, graph_of: Callable[[str], Graph]) -> None:
        for stack, protected in (("prod", True), ("dev", False)):
            for table in graph_of(stack).of_type("dynamodb/table:Table").values():
                assert table.protect is protected

    def test_prod_keeps_logs_longer(self, graph_of: Callable[[str], Graph]) -> None:
        kept = {
            stack: graph_of(stack).of_type("cloudwatch/logGroup:LogGroup")["access"].inputs["retentionInDays"]
            for stack in ("prod", "dev")
        }
        assert kept["prod"] > kept["dev"]

    def test_each_names_its_own_origins(self, graph_of: Callable[[str], Graph]) -> None:
        def origins(stack: str) -> str:
            functions = graph_of(stack).of_type("lambda/function:Function")
            return functions["items-read"].inputs["environment"]["variables"]["CORS_ORIGINS"]

        assert origins("prod") == "https://app.example.com"
        assert "app.example.com" not in origins("dev")

    def test_lambdas_of_the_cloud_are_arm64_on_a_current_python(self, graph_of: Callable[[str], Graph]) -> None:
        for stack in ("prod", "dev"):
            for function in graph_of(stack).of_type("lambda/function:Function").values():
                assert function.inputs["architectures"] == ["arm64"]
                assert function.inputs["runtime"] == "python3.13"


class TestPlanCommand:
    def run(self, *arguments: str, root: Path = ROOT) -> tuple[str, float]:
        """Return the output, and the seconds of processor time that the command took."""
        start = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        environment = {"PATH": "/nonexistent", "HTTPS_PROXY": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "local", "plan", *arguments],
            cwd=root, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - start

    def test_shows_what_prod_protects(self) -> None:
        output, _ = self.run("--stack", "prod")
        lines = [line for line in output.splitlines() if "dynamodb/table:Table" in line]
        assert len(lines) == len(load_collections()) + 1, "the denylist"
        assert all("[protect]" in line for line in lines)

    def test_no_name_is_cut_off(self) -> None:
        output, _ = self.run("--stack", "prod")
        assert "metricAlarm:MetricAlarm authorizer-revocations-table-throttles\n" in output

    def test_json_is_a_list_of_records(self) -> None:
        records: list[dict[str, Any]] = json.loads(self.run("--stack", "prod", "--json")[0])
        assert all(set(record) == {"type", "name", "parent", "protect", "inputs"} for record in records)
        tables = [record for record in records if record["type"] == "aws:dynamodb/table:Table"]
        assert tables
        assert all(table["protect"] is True for table in tables)

    @pytest.mark.parametrize(
        ("settings", "seconds"),
        [({}, 6), (overrides(everything_on("rest")), 6), (overrides(everything_on("http")), 6)],
        ids=["shipped", "everything on, rest", "everything on, http"],
    )
    def test_takes_seconds(self, settings: dict[str, str], seconds: float) -> None:
        """Processor time, which depends less on what else the machine does."""
        _, found = self.run("--stack", "prod", *(f"--config={key}={value}" for key, value in settings.items()))
        assert 0 < found < seconds

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (("--diff", "dev", "prod", "--stack", "dev"), "--stack has no effect with --diff, which names two stacks"),
            (("--diff", "dev", "nope"), "Pulumi.nope.yaml: no such file; found: "),
            (("--iam", "--markdown"), "--markdown and --allow-data-loss need --against"),
        ],
    )
    def test_options_that_do_not_go_together_are_one_line(
        self, arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["plan", *arguments]) == 1
        assert capsys.readouterr().err.startswith(f"gatehouse: {reason}")

    def test_builds_no_bundle(self, tmp_path: Path) -> None:
        root = checkout(tmp_path)
        shutil.rmtree(root / "build")
        self.run("--stack", "dev", root=root)
        assert not (root / "build").exists()

    @pytest.mark.parametrize(("stack", "status"), [("nope", 1), ("../dev", 2), ("", 2)])
    def test_an_unknown_stack_is_one_line(self, stack: str, status: int) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "local", "plan", "--stack", stack],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status
        assert len(done.stderr.strip().splitlines()) == 1
        assert "Traceback" not in done.stderr


class Recording(ExampleProvider):
    """Records the types of the resources that are created."""

    def __init__(self) -> None:
        super().__init__("us-east-1")
        self.created: list[str] = []

    def create(self, type_: str, name: str, inputs: Document) -> State:
        self.created.append(type_)
        return super().create(type_, name, inputs)


@pytest.mark.parametrize("too_large", [False, True])
def test_a_bundle_that_is_too_large_fails_the_program_before_anything_is_created(
    too_large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as bundle:
        bundle.writestr("module.py", "")
    monkeypatch.setattr(Bundle, "path", lambda *_: tmp_path / "bundle.zip")
    if too_large:
        monkeypatch.setattr(bundles, "MAX_BYTES", 1)
    file, provider = stack_file.read(ROOT, "prod"), Recording()
    with pytest.raises(DeploymentError, match="more than Lambda accepts") if too_large else nullcontext():
        run(ROOT / "__main__.py", project=file.project, stack="prod", config=file.values, provider=provider,
            preview=False)  # fmt: skip
    assert bool(provider.created) is not too_large


@pytest.mark.parametrize("settings", [{}, {"functions.layout": "single"}, overrides(everything_on("rest"))])
def test_a_function_has_one_permission_so_that_its_resource_policy_does_not_grow(settings: dict[str, str]) -> None:
    """Lambda accepts 20 KB (AWS, "Lambda quotas")."""
    found = Graph(example(ROOT, "prod", settings))
    permissions = found.of_type("lambda/permission:Permission").values()
    allowed = sorted(function_name(each.inputs["function"]) for each in permissions)
    functions = found.of_type("lambda/function:Function").values()
    assert allowed == sorted(each.inputs["name"] for each in functions)
