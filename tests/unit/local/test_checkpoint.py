"""State files: the format of `pulumi stack export --show-secrets`, read and written."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from local.engine import CheckpointError, deploy
from local.engine.checkpoint import Checkpoint
from local.engine.values import Secret
from tests.unit.local.programs import FakeStack, write_program

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
group = Group("group")
one = Thing("one", size=1, share=0.5, password=pulumi.Output.secret({"a": 1}), code=pulumi.FileArchive("a.zip"),
    opts=pulumi.ResourceOptions(parent=group, protect=True, additional_secret_outputs=["made"]))
Thing("two", text=one.made, many=[1, "a", {"b": True}], opts=pulumi.ResourceOptions(
    depends_on=[one], retain_on_delete=True, ignore_changes=["many[0]"], replace_on_changes=["text"]))
Thing("three", opts=pulumi.ResourceOptions(id="x"))
Thing("four", opts=pulumi.ResourceOptions(import_="y"))
pulumi.export("made", one.made)
"""


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    stack = FakeStack(tmp_path)
    (tmp_path / "a.zip").write_text("an archive")
    stack.provider.cloud.update({"x": {}, "y": {}})
    stack.up(SOURCE)
    return stack


def content(stack: FakeStack) -> dict[str, Any]:
    return json.loads(stack.checkpoint.read_text())


def test_the_resources_are_read_as_they_were_written(stack: FakeStack) -> None:
    state = Checkpoint(stack.checkpoint)
    resources = state.load()
    state.save(resources)
    assert state.load() == resources
    one = next(resource for resource in resources if resource.name == "one")
    assert one.inputs["password"] == Secret({"a": 1})
    assert one.outputs["made"] == Secret("ONE")
    assert (one.protect, one.additional_secret_outputs) == (True, ("made",))


def test_a_resource_has_the_attributes_of_pulumis_format(stack: FakeStack) -> None:
    resources = {entry["urn"].split("::")[3]: entry for entry in content(stack)["deployment"]["resources"]}
    provider = resources["default"]
    one = "urn:pulumi:dev::demo::test:index:Group$test:index:Thing::one"
    assert provider["type"] == "pulumi:providers:test"
    text = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"ONE"'}
    assert resources["two"] == {
        "urn": "urn:pulumi:dev::demo::test:index:Thing::two",
        "custom": True,
        "id": "id-of-two",
        "type": "test:index:Thing",
        "inputs": {"many": [1, "a", {"b": True}], "text": text},
        "outputs": {"many": [1, "a", {"b": True}], "text": text, "made": "TWO"},
        "parent": "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev",
        "dependencies": [one],
        "provider": f"{provider['urn']}::{provider['id']}",
        "propertyDependencies": {"text": [one]},
        "retainOnDelete": True,
        "ignoreChanges": ["many[0]"],
        "replaceOnChanges": ["text"],
    }
    assert resources["three"]["external"] is True
    assert resources["four"]["importID"] == "y"


def test_dependencies_come_before_their_dependents(stack: FakeStack) -> None:
    found: set[str] = set()
    for resource in Checkpoint(stack.checkpoint).load():
        needed = {*resource.dependencies, resource.parent, resource.provider.rpartition("::")[0]}
        assert needed - {""} <= found
        found.add(resource.urn)


def test_only_the_owner_can_read_the_file(stack: FakeStack) -> None:
    assert stat.S_IMODE(stack.checkpoint.stat().st_mode) == 0o600


def test_a_missing_file_is_an_empty_state(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "none.json").load() == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Input data was truncated"),
        ('{"version": 2, "deployment": {"manifest": {}}}', "version 2 is not supported, only 3"),
        (
            '{"version": 3, "deployment": {"manifest": {}, "resources": [{"urn": "x", "custom": true, "type": "t"}]}}',
            "invalid URN 'x'",
        ),
        ('{"version": 3}', "missing required field `deployment`"),
    ],
)
def test_an_unusable_file_is_reported_and_kept(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "stack.json"
    file.write_text(text)
    with pytest.raises(CheckpointError, match=problem) as failure:
        deploy(write_program(tmp_path, ""), "dev", FakeStack(tmp_path).provider, checkpoint=file)
    assert str(failure.value).startswith(f"{file}: ")
    assert file.read_text() == text


def test_a_state_with_encrypted_secrets_is_rejected(stack: FakeStack) -> None:
    text = stack.checkpoint.read_text().replace('"plaintext"', '"ciphertext"')
    stack.checkpoint.write_text(text)
    with pytest.raises(CheckpointError, match="export the state with --show-secrets"):
        Checkpoint(stack.checkpoint).load()


def test_what_the_pulumi_cli_may_have_created_without_recording_it_stays_listed(stack: FakeStack) -> None:
    state = content(stack)
    operation = {"resource": state["deployment"]["resources"][-1], "type": "creating"}
    state["deployment"]["pending_operations"] = [operation, {**operation, "type": "updating"}]
    stack.checkpoint.write_text(json.dumps(state))
    stack.up(SOURCE)
    assert content(stack)["deployment"]["pending_operations"] == [operation]


def test_the_provider_of_an_existing_state_is_kept(stack: FakeStack) -> None:
    before = [resource.provider for resource in Checkpoint(stack.checkpoint).load()]
    stack.up(SOURCE)
    assert [resource.provider for resource in Checkpoint(stack.checkpoint).load()] == before


def test_the_pulumi_cli_imports_the_file_and_exports_the_same(stack: FakeStack, tmp_path: Path) -> None:
    if shutil.which("pulumi") is None:
        pytest.skip("`pulumi` is not on PATH")
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": (tmp_path / "backend").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    (tmp_path / "backend").mkdir()
    exported = tmp_path / "exported.json"
    for command in (
        ["init", "dev"],
        ["import", "--file", str(stack.checkpoint)],
        ["export", "--show-secrets", "--file", str(exported)],
    ):
        subprocess.run(
            ["pulumi", "--non-interactive", "stack", *command], cwd=tmp_path, env=environment, check=True, timeout=60
        )
    ours, theirs = Checkpoint(stack.checkpoint).load(), Checkpoint(exported).load()
    assert [dataclasses.asdict(resource) for resource in theirs] == [dataclasses.asdict(resource) for resource in ours]
    assert json.loads(exported.read_text())["deployment"].keys() == content(stack)["deployment"].keys() | {"metadata"}
