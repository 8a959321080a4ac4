"""Destroying and refreshing a stack from its state, and deployments that a signal interrupts."""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pulumi
import pytest

from local.engine import ResourceError, destroy, refresh
from local.engine.checkpoint import Checkpoint
from local.engine.values import Secret
from local.processes import wait_until
from tests.unit.local.programs import FakeProvider, FakeStack, changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, FunctionType

    from local.provider.state import State

SOURCE = """
one = Thing("one", size=1, password=pulumi.Output.secret("a"))
two = Thing("two", text=one.made)
Thing("three", text=two.made, opts=pulumi.ResourceOptions(parent=Group("group")))
"""


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    stack = FakeStack(tmp_path)
    stack.up(SOURCE)
    stack.provider.calls.clear()
    return stack


class TestDestroy:
    def test_everything_is_deleted_dependents_first(self, stack: FakeStack) -> None:
        steps = destroy(stack.checkpoint, stack.provider)
        assert stack.provider.calls == ["delete id-of-three", "delete id-of-two", "delete id-of-one"]
        assert {step.operation for step in steps} == {"delete"}
        assert [step.resource.name for step in steps if step.resource.custom] == ["three", "two", "one"]
        assert Checkpoint(stack.checkpoint).load() == ()

    def test_a_preview_deletes_nothing(self, stack: FakeStack) -> None:
        steps = destroy(stack.checkpoint, stack.provider, preview=True)
        assert [step.resource.name for step in steps if step.resource.custom] == ["three", "two", "one"]
        assert stack.provider.calls == []
        assert Checkpoint(stack.checkpoint).load()

    def test_nothing_is_deleted_if_a_resource_is_protected(self, stack: FakeStack) -> None:
        stack.up(SOURCE + 'for name in "ab": Thing(name, opts=pulumi.ResourceOptions(protect=True))')
        stack.provider.calls.clear()
        with pytest.raises(ResourceError, match=r"it is protected, but would be deleted \(1 more: [ab]\)"):
            destroy(stack.checkpoint, stack.provider)
        assert stack.provider.calls == []

    def test_a_failed_deletion_can_be_resumed(self, stack: FakeStack) -> None:
        stack.provider.broken = "id-of-two"
        with pytest.raises(ResourceError, match=r"^test:index:Thing two: the service rejected the call$"):
            destroy(stack.checkpoint, stack.provider)
        stack.provider.broken = ""
        steps = destroy(stack.checkpoint, stack.provider)
        assert [step.resource.name for step in steps if step.resource.custom] == ["two", "one"]
        assert stack.provider.cloud == {}


class TestRefresh:
    def test_an_unchanged_stack_has_no_drift(self, stack: FakeStack) -> None:
        before = Checkpoint(stack.checkpoint).load()
        steps = refresh(stack.checkpoint, stack.provider)
        assert [(step.operation, step.resource.name) for step in steps] == [
            ("same", "one"), ("same", "two"), ("same", "three")
        ]  # fmt: skip
        assert Checkpoint(stack.checkpoint).load() == before

    def test_drift_is_reported_and_repaired_by_the_next_deployment(self, stack: FakeStack) -> None:
        stack.provider.cloud["id-of-one"] = {"size": 5, "password": "a"}
        step, *_ = refresh(stack.checkpoint, stack.provider)
        assert (step.operation, step.resource.name, step.changed) == ("update", "one", ("size",))
        assert step.resource.inputs == {"size": 5, "password": Secret("a")}
        assert changes(stack.up(SOURCE)) == ["update one"]
        assert stack.provider.cloud["id-of-one"]["size"] == 1

    def test_a_resource_that_no_longer_exists_is_created_by_the_next_deployment(self, stack: FakeStack) -> None:
        del stack.provider.cloud["id-of-one"]
        step, *_ = refresh(stack.checkpoint, stack.provider)
        assert (step.operation, step.resource.name) == ("delete", "one")
        (two,) = stack.state("two")
        assert (two.dependencies, two.property_dependencies) == ((), {})
        assert changes(stack.up(SOURCE)) == ["create one"]

    def test_drift_of_a_dependent_of_a_resource_that_no_longer_exists_is_recorded(self, stack: FakeStack) -> None:
        del stack.provider.cloud["id-of-one"]
        stack.provider.cloud["id-of-two"] = {"text": "changed"}
        refresh(stack.checkpoint, stack.provider)
        (two,) = stack.state("two")
        assert two.inputs == {"text": "changed"}

    def test_a_preview_changes_nothing(self, stack: FakeStack) -> None:
        stack.provider.cloud["id-of-one"] = {"size": 5}
        before = stack.checkpoint.read_bytes()
        assert refresh(stack.checkpoint, stack.provider, preview=True)[0].changed == ("size", "password")
        assert stack.checkpoint.read_bytes() == before

    def test_drift_of_the_outputs_of_a_resource_that_is_only_read_is_reported(self, stack: FakeStack) -> None:
        stack.up('Thing("read", opts=pulumi.ResourceOptions(id="id-of-one"))')
        stack.provider.cloud["id-of-one"] = {"size": 5, "password": "a"}
        (step,) = refresh(stack.checkpoint, stack.provider)
        assert (step.operation, step.changed) == ("update", ("size",))


class InterruptedProvider(FakeProvider):
    """A provider whose process gets a signal while it creates the resource `two`."""

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> State:
        if name == "two":
            signal.raise_signal(signal.SIGINT)
        return super().create(type_, name, inputs)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Handle SIGINT as in a terminal. A process in the background inherits that it is ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@contextmanager
def signal_at_call(function: Callable[..., Any], number: int) -> Iterator[None]:
    """Send SIGINT to this process when a function is called for the n-th time; fail after 20 seconds."""
    code = cast("FunctionType", function).__code__
    calls = itertools.count(1)

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is code and next(calls) == number:
            signal.raise_signal(signal.SIGINT)

    def expire(_number: int, _frame: FrameType | None) -> NoReturn:
        pytest.fail("the deployment did not end within 20 seconds")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.alarm(20)
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def send_signal_to(process: subprocess.Popen[str]) -> int | None:
    """Send SIGINT to a process, and return its exit status if it has ended."""
    process.send_signal(signal.SIGINT)
    return process.poll()


@pytest.mark.usefixtures("interruptible")
class TestInterrupts:
    def test_the_operation_in_progress_is_recorded_and_no_other_begins(self, tmp_path: Path) -> None:
        stack = FakeStack(tmp_path, provider=InterruptedProvider())
        handler = signal.getsignal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            stack.up(SOURCE + 'Thing("four")\nThing("five")')
        assert signal.getsignal(signal.SIGINT) is handler
        assert "two" in stack.provider.names
        assert "three" not in stack.provider.names
        recorded = {resource.id for resource in Checkpoint(stack.checkpoint).load() if not resource.is_provider} - {""}
        assert recorded == set(stack.provider.cloud)
        stack.provider.created.clear()
        assert "create three" in changes(stack.up(SOURCE + 'Thing("four")\nThing("five")'))
        assert not {"one", "two"} & set(stack.provider.names)

    @pytest.mark.parametrize(
        ("function", "number"),
        [
            *((asyncio.Handle._run, number) for number in range(1, 60, 4)),
            *((asyncio.ensure_future, number) for number in range(1, 20, 2)),
            *((pulumi.Output.__init__, number) for number in range(1, 10, 2)),
        ],
    )
    def test_a_signal_in_asyncio_or_in_the_sdk_ends_the_deployment(
        self, tmp_path: Path, function: Callable[..., Any], number: int
    ) -> None:
        """An exception there would lose a task or a value that another one waits for, forever."""
        stack = FakeStack(tmp_path)
        with signal_at_call(function, number), pytest.raises(KeyboardInterrupt):
            stack.up(SOURCE)
        recorded = {resource.id for resource in Checkpoint(stack.checkpoint).load() if not resource.is_provider} - {""}
        assert recorded == set(stack.provider.cloud)
        assert "three" not in stack.provider.names

    def test_impatience_does_not_end_an_operation_that_has_just_begun(self, tmp_path: Path) -> None:
        """Otherwise the next deployment would not know what it has created. Both signals take effect afterwards."""
        code = """
import signal, sys
from pathlib import Path
from tests.unit.local.programs import FakeProvider, FakeStack
class InterruptedProvider(FakeProvider):
    def create(self, type_, name, inputs):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return super().create(type_, name, inputs)
signal.signal(signal.SIGINT, signal.default_int_handler)
FakeStack(Path(sys.argv[1]), provider=InterruptedProvider()).up('Thing("one")\\nThing("two")')
"""
        command = [sys.executable, "-c", code, str(tmp_path)]
        done = subprocess.run(
            command, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
        stack = FakeStack(tmp_path)
        assert [resource.id for resource in stack.state("one")] == ["id-of-one"]
        assert stack.state("two") == []

    def test_no_deletion_begins_after_a_signal(self, tmp_path: Path) -> None:
        class InterruptedDeletion(FakeProvider):
            def delete(self, type_: str, state: State) -> None:
                signal.raise_signal(signal.SIGINT)
                super().delete(type_, state)

        stack = FakeStack(tmp_path, provider=InterruptedDeletion())
        stack.up(SOURCE)
        with pytest.raises(KeyboardInterrupt):
            stack.up("")
        assert len(stack.provider.cloud) == 2
        assert {resource.id for resource in stack.state("one") + stack.state("two")} == set(stack.provider.cloud)

    @pytest.mark.parametrize("busy", ['print("busy", flush=True)\nwhile True: pass', 'Thing("one")'])
    def test_a_second_signal_ends_the_process_at_once(self, tmp_path: Path, busy: str) -> None:
        """Whether the program or the provider is busy."""
        code = """
import signal, sys, time
from pathlib import Path
from tests.unit.local.programs import FakeProvider, FakeStack
class WaitingProvider(FakeProvider):
    def create(self, type_, name, inputs):
        print("busy", flush=True)
        time.sleep(60)
signal.signal(signal.SIGINT, signal.default_int_handler)
FakeStack(Path(sys.argv[1]), provider=WaitingProvider()).up(sys.argv[2])
"""
        command = [sys.executable, "-c", code, str(tmp_path), busy]
        root = Path(__file__).parents[3]
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "busy\n"
            try:
                assert wait_until(lambda: send_signal_to(process) is not None, seconds=20)
            finally:
                process.kill()
            assert process.stderr is not None
            assert (process.returncode, process.stderr.read()) == (-signal.SIGINT, "")
