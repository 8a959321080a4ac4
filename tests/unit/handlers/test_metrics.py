"""The handlers' metrics: valid, complete, bounded in number, and in the one line of each request."""

import io
import json
import os
import subprocess
import sys
from itertools import chain, repeat
from typing import Any

import msgspec
import pytest

from handlers import log, metrics
from handlers.contract import OPERATIONS
from handlers.metrics import METRICS, Metrics, MetricSettings
from infra.packaging.bundles import ROOT
from tests.embedded_metrics import sums, values
from tests.unit.handlers.conftest import Api
from tests.unit.handlers.test_faults import FaultyClient

SETTINGS = MetricSettings("gatehouse", "test", ("collection", "operation"))
STACK = {"project": "gatehouse", "stack": "test"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTION", "items")
    monkeypatch.setenv(METRICS, msgspec.json.encode(SETTINGS).decode())


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next request be the first of the process."""
    monkeypatch.setattr(metrics, "_cold_starts", chain((1,), repeat(0)))


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_request_is_counted_by_collection_and_operation(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    mine = api.created()
    for _ in range(3):
        api.call("read", mine["id"])
    found = sums(logged(capsys), "Requests", "collection", "operation")
    assert found == {("items", "create"): 1, ("items", "read"): 3}


def test_problems_are_counted_by_their_type(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.call("read", "0190d5a0-0000-7000-8000-000000000000")
    api.call("create", body={"name": ""})
    api.call("create", body={})
    api.functions["list"].__dict__["dynamodb"] = FaultyClient(RuntimeError())
    api.call("list")
    lines = [line for line in logged(capsys) if line["message"] == "request"]
    assert sums(lines, "Problems", "problem") == {"not-found": 1, "bad-request": 2, "internal-error": 1}
    assert sum(sums(lines, "Requests", "operation").values()) == 4


def test_a_successful_request_has_no_problem(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.call("list")
    (line,) = logged(capsys)
    assert "problem" not in line
    assert "Problems" not in line
    assert {name for name, _ in values([line])} == {"Requests", "ColdStarts", "Latency"}


def test_a_requests_line_is_the_same_with_metrics_and_without(
    api: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.call("list")
    monkeypatch.delenv(METRICS)
    del api.functions["list"].__dict__["metrics"]
    api.call("list")
    with_metrics, without = logged(capsys)
    assert with_metrics.keys() - without.keys() == {"project", "stack", "Requests", "ColdStarts", "Latency", "_aws"}
    assert without.keys() - with_metrics.keys() == set()
    assert with_metrics["Latency"] == with_metrics["milliseconds"]


def test_dimensions_are_the_stacks_the_contracts_and_nothing_of_the_client(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    for owner in ("local|ann", "local|ben"):
        api.call("list", owner=owner, headers={"User-Agent": owner}, query={"unknown": owner})
        api.call("read", owner.rpartition("|")[2], owner=owner)
    found = {dimensions for _, dimensions in values(logged(capsys))}
    assert found == {
        tuple(sorted({**STACK, "collection": "items", "operation": "list"}.items())),
        tuple(sorted({**STACK, "collection": "items", "operation": "read"}.items())),
        tuple(sorted({**STACK, "problem": "bad-request"}.items())),
        tuple(sorted({**STACK, "problem": "not-found"}.items())),
    }


@pytest.mark.parametrize("by", [("operation",), ("collection", "operation")])
def test_the_settings_choose_the_dimensions(by: tuple[str, ...]) -> None:
    members = Metrics(MetricSettings("gatehouse", "test", by)).members(1, failed=False)
    line = {"collection": "items", "operation": "read", **msgspec.json.decode(msgspec.json.encode(members))}
    assert {tuple(name for name, _ in dimensions) for _, dimensions in values([line])} == {(*by, "project", "stack")}


def test_only_the_first_request_of_a_process_is_a_cold_start(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    for operation in ("list", "list", "create"):
        api.call(operation)
    assert [line["ColdStarts"] for line in logged(capsys)] == [1, 0, 0]


@pytest.mark.parametrize(
    ("initialization", "expected"),
    [("on-demand", [1, 0]), ("snap-start", [1, 0]), ("provisioned-concurrency", [0, 0]), ("", [1, 0])],
)
def test_the_start_of_a_process_decides_whether_its_first_request_is_a_cold_start(
    initialization: str, expected: list[int]
) -> None:
    program = (
        "from handlers.metrics import Metrics\n"
        "print([Metrics.read().members(1, failed=False)['ColdStarts'] for _ in range(2)])"
    )
    variables = {**os.environ, "AWS_LAMBDA_INITIALIZATION_TYPE": initialization}
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=variables, capture_output=True, check=True)
    assert json.loads(ran.stdout) == expected


def test_a_request_that_fails_before_its_operation_is_counted(
    api: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLLECTION")
    for function in api.functions.values():
        function.__dict__.pop("environment")
    assert api.call("list").status == 500
    lines = [line for line in logged(capsys) if line["message"] == "request"]
    assert sums(lines, "Requests", "collection", "operation") == {("unknown", "list"): 1}
    assert sums(lines, "Problems", "problem") == {"internal-error": 1}


def test_a_stack_has_at_most_three_metrics_per_route_and_one_per_problem(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    """The documentation's formula of the cost."""
    for operation in OPERATIONS:
        api.call(operation.name)
        api.call(operation.name, "0190d5a0-0000-7000-8000-000000000000", body={"name": "a"})
    found = values(logged(capsys))
    by_route = [name for name, dimensions in found if "operation" in dict(dimensions)]
    assert len(by_route) == 3 * len(OPERATIONS)
    assert len(found) - len(by_route) == len({dict(dimensions).get("problem") for _, dimensions in found} - {None})


class CountingStream(io.RawIOBase):
    """A file that counts the system calls that write to it."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.writes.append(bytes(data))
        return len(data)


class Unbuffered:
    """Lambda's standard output, as its runtime replaces it: each write is flushed (awslambdaric, bootstrap.py)."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


@pytest.mark.parametrize("in_lambda", [True, False])
def test_a_line_is_written_in_one_system_call(monkeypatch: pytest.MonkeyPatch, *, in_lambda: bool) -> None:
    file = CountingStream()
    stream = io.TextIOWrapper(io.BufferedWriter(file), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", Unbuffered(stream) if in_lambda else stream)
    log.write("INFO", "request", **Metrics(SETTINGS).members(1.5, failed=True))
    (written,) = file.writes
    assert written.endswith(b"\n")
    assert json.loads(written)["message"] == "request"
