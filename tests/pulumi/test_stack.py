"""A stack that either engine deploys is complete, stable, and repaired where it has drifted."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from local import deploy
from local.deploy import Engine, Target
from local.engine import refresh
from local.provider import Provider
from local.pulumi_cli import PulumiError
from local.running_stack import StackOptions, running_stack
from tests.e2e.conftest import two_free_ports
from tests.pulumi.conftest import require_cli
from tests.pulumi.deployed import NOTHING, TABLE, compare
from tests.pulumi.project import ORIGIN

CHANGES_FOUND = "status 7"
"""How `--expect-no-changes` fails; other failures have other statuses."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack of this checkout."""

    engine: Engine
    target: Target
    provider: Provider

    def up(self) -> None:
        deploy.up(self.engine, self.target)

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources in the state by URN, without those of the engines."""
        resources = json.loads(self.target.state.checkpoint.read_text())["deployment"]["resources"]
        return {each["urn"]: each for each in resources if each["type"].startswith("aws:")}

    def changed_by_up(self, capfd: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
        """Return what a preview shows: operations and names."""
        if self.engine is Engine.LOCAL:
            changes = deploy.preview(self.engine, self.target)
            assert changes is not None
            return [(change.operation, change.name) for change in changes]
        capfd.readouterr()
        found = self._finds_changes("preview", "--json")
        printed = json.loads(capfd.readouterr().out)
        assert [each for each in printed["diagnostics"] if each["message"].startswith("warning") and
                not each["message"].startswith(ORIGIN)] == []  # fmt: skip
        steps = [(step["op"], step["urn"].rpartition("::")[2]) for step in printed["steps"] if step["op"] != "same"]
        assert bool(steps) == found
        return steps

    def refresh(self) -> bool:
        """Update the state to what exists, and return whether it had drifted."""
        if self.engine is Engine.LOCAL:
            return any(step.operation != "same" for step in refresh(self.target.state.checkpoint, self.provider))
        return self._finds_changes("refresh", "--yes", "--skip-preview")

    def _finds_changes(self, command: str, *options: str) -> bool:
        try:
            self.target.pulumi().run(command, *options, "--expect-no-changes")
        except PulumiError as error:
            if CHANGES_FOUND not in str(error):
                raise
            return True
        return False


@pytest.fixture(scope="module", params=list(Engine))
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if request.param is Engine.PULUMI:
        require_cli()
    options = StackOptions(
        root=ROOT, state=tmp_path_factory.mktemp("state"), port=two_free_ports(), engine=request.param
    )
    with running_stack(options, lambda _: None, lambda _: None) as running:
        endpoint = running.emulator.endpoint_url
        yield Stack(request.param, options.target(endpoint), Provider(endpoint))


def test_a_second_up_changes_nothing(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    before = stack.resources()
    assert len(before) > 100
    stack.up()
    assert compare(before, stack.resources()) == NOTHING
    assert stack.changed_by_up(capfd) == []
    assert not stack.refresh()


def test_drift_is_shown_and_repaired(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    (table,) = (each for each in stack.resources().values() if (each["type"], each["urn"][-7:]) == (TABLE, "::items"))
    dynamodb = stack.provider.connection.client("dynamodb")

    def protected() -> bool:
        return dynamodb.describe_table(TableName=table["id"])["Table"].get("DeletionProtectionEnabled", False)

    assert not protected()
    dynamodb.update_table(TableName=table["id"], DeletionProtectionEnabled=True)
    assert stack.changed_by_up(capfd) == []  # without a refresh, a preview only compares the program with the state
    assert stack.refresh()
    assert stack.changed_by_up(capfd) == [("update", "items")]
    stack.up()
    assert not protected()
    assert stack.changed_by_up(capfd) == []
    assert not stack.refresh()


def test_a_resource_that_was_deleted_outside_of_pulumi_is_created_again(
    stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    logs, group = stack.provider.connection.client("logs"), "/aws/lambda/gatehouse-local-items-list"
    logs.delete_log_group(logGroupName=group)
    assert stack.refresh()
    assert ("create", "items-list") in stack.changed_by_up(capfd)  # and what depends on its ARN
    stack.up()
    assert [each["logGroupName"] for each in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]] == [group]
    assert stack.changed_by_up(capfd) == []


def test_a_stack_that_the_cli_deploys_passes_the_end_to_end_tests() -> None:
    """Run a part of them; `make e2e-pulumi` runs all."""
    require_cli()
    files = [f"tests/e2e/test_{name}.py" for name in ("api", "least_privilege", "logs", "revocation")]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-o",
        "cache_dir=build/pytest-pulumi",
        "--engine",
        "pulumi",
        *files,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
