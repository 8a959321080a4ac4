"""Steps that are recorded in a journal, which a deployment that is killed leaves behind."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from local.engine import DeploymentError
from local.engine.checkpoint import Checkpoint
from local.engine.journal import Journal
from local.engine.operations import Operations
from local.engine.snapshot import Snapshot
from local.state_folder import StateFolder
from tests.unit.local.programs import FakeStack

if TYPE_CHECKING:
    from pathlib import Path

    from local.engine.deployment import Resource

FIRST = 'one = Thing("one", size=1)\nThing("two", text=one.made)\nThing("three", size=3)\n'
SECOND = """
one = Thing("renamed", size=2, opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="one")]))
Thing("two", text=one.made)
Thing("four", size=4)
"""


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    stack = FakeStack(tmp_path)
    stack.up(FIRST)
    return stack


def journal_of(stack: FakeStack) -> Path:
    return Journal(stack.checkpoint).path


def killed_after(stack: FakeStack, steps: int, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploy, and end the deployment without writing the state file after so many recorded steps."""
    recorded = Snapshot.record

    def record(snapshot: Snapshot) -> None:
        nonlocal steps
        recorded(snapshot)
        steps -= 1
        if steps == 0:
            raise OSError("killed")

    with monkeypatch.context() as patches:
        patches.setattr(Snapshot, "record", record)
        patches.setattr(Snapshot, "save", lambda _: None)
        with pytest.raises(DeploymentError, match="killed"):
            stack.up(source)


def things(stack: FakeStack) -> dict[str, Resource]:
    found = Checkpoint(stack.checkpoint).load()
    return {each.name: each for each in found if each.type == "test:index:Thing"}


def test_a_deployment_leaves_no_journal(stack: FakeStack) -> None:
    assert not journal_of(stack).exists()


@pytest.mark.parametrize("steps", range(1, 4))
def test_every_recorded_step_of_a_killed_deployment_is_known_to_the_next(
    stack: FakeStack, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stack.checkpoint.read_bytes()
    killed_after(stack, steps, SECOND, monkeypatch)
    assert stack.checkpoint.read_bytes() == before
    assert stat.S_IMODE(journal_of(stack).stat().st_mode) == 0o600
    known = {each.id for each in things(stack).values()}
    assert known == set(stack.provider.cloud)
    stack.up(SECOND)
    assert set(things(stack)) == {"renamed", "two", "four"}
    assert {each.id for each in things(stack).values()} == set(stack.provider.cloud)
    assert not journal_of(stack).exists()


def test_dependents_refer_to_a_renamed_resource_by_its_new_name(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_after(stack, 1, SECOND, monkeypatch)
    found = things(stack)
    assert found["two"].dependencies == (found["renamed"].urn,)


def test_a_line_that_was_not_written_completely_is_ignored(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_after(stack, 2, SECOND, monkeypatch)
    state, journal = stack.checkpoint.read_bytes(), journal_of(stack).read_bytes()
    complete, partial = journal[: journal[:-1].rindex(b"\n") + 1], journal[:-10]
    found: list[tuple[Resource, ...]] = []
    for content in (complete, partial, journal):
        stack.checkpoint.write_bytes(state)
        journal_of(stack).write_bytes(content)
        found.append(Checkpoint(stack.checkpoint).load())
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_a_journal_of_other_content_of_the_file_is_ignored(
    stack: FakeStack, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_after(stack, 2, SECOND, monkeypatch)
    if change == "deleted":
        stack.checkpoint.unlink()
        assert Checkpoint(stack.checkpoint).load() == ()
        return
    state: dict[str, Any] = json.loads(stack.checkpoint.read_text())
    state["deployment"]["resources"] = []
    stack.checkpoint.write_text(json.dumps(state))
    assert Checkpoint(stack.checkpoint).load() == ()


def test_an_invalid_journal_is_ignored(stack: FakeStack) -> None:
    before = Checkpoint(stack.checkpoint).load()
    journal_of(stack).write_text("{}\nnonsense\n")
    assert Checkpoint(stack.checkpoint).load() == before


def test_a_preview_writes_no_journal(stack: FakeStack) -> None:
    stack.preview(SECOND)
    assert not journal_of(stack).exists()


def test_recording_a_step_does_not_write_what_has_not_changed(stack: FakeStack) -> None:
    snapshot = Snapshot(Checkpoint(stack.checkpoint))
    operations = Operations(stack.provider, snapshot, preview=False)
    operations.delete(snapshot.old[-1])
    header, *lines = journal_of(stack).read_text().splitlines()
    assert list(json.loads(header)) == ["digest"]
    assert [json.loads(line) for line in lines] == [{"slot": len(snapshot.old)}]


@pytest.mark.parametrize("deployed", [False, True])
def test_a_new_emulator_has_no_resources_of_a_deployment_that_was_killed(
    tmp_path: Path, deployed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first deployment that was killed leaves a journal without a state file."""
    folder = StateFolder(tmp_path)
    stack = FakeStack(tmp_path)
    monkeypatch.setattr(FakeStack, "checkpoint", folder.checkpoint)
    if deployed:
        stack.up(FIRST)
    killed_after(stack, 3, SECOND, monkeypatch)
    assert Journal(folder.checkpoint).read() != []
    folder.forget_resources()
    assert Checkpoint(folder.checkpoint).load() == ()
