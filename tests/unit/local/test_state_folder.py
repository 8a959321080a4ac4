"""The lock and the description of the running stack, with concurrent readers."""

import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from local.running_stack import StackOptions, StartError, running_stack
from local.state_folder import AlreadyRunning, StackStatus, StateFolder
from tests.e2e.conftest import two_free_ports

PROCESSES = multiprocessing.get_context("spawn")


def running(pid: int) -> StackStatus:
    return StackStatus(
        pid=pid, url="http://x", issuer="http://y", stack="local", engine="local", functions={}, tables={},
        authorizer="a", endpoint="http://z", logs={},
    )  # fmt: skip


def watch(folder: Path, found: Any, over: Any) -> None:
    """Read the holder repeatedly, and report it."""
    found.put(0)
    while not over.is_set():
        holder = StateFolder(folder).holder()
        if holder is not None:
            found.put(holder)


def test_an_empty_folder_has_no_holder(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    assert (state.holder(), state.running()) == (None, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exists", [False, True])
def test_other_users_cannot_read_the_folder(tmp_path: Path, exists: bool) -> None:
    """Not even one that an earlier version left readable."""
    state = StateFolder(tmp_path / "state")
    if exists:
        state.folder.mkdir(mode=0o755)
    with state.lock():
        assert state.folder.stat().st_mode & 0o777 == 0o700


def test_a_reader_is_not_mistaken_for_the_holder_and_does_not_prevent_a_start(tmp_path: Path) -> None:
    found, over = PROCESSES.Queue(), PROCESSES.Event()
    with StateFolder(tmp_path).lock():
        pass
    watchers = [PROCESSES.Process(target=watch, args=(tmp_path, found, over)) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    seen = {found.get(timeout=120) for _ in watchers}
    for _ in range(100):
        with StateFolder(tmp_path).lock():
            time.sleep(0.005)
    over.set()
    while any(watcher.is_alive() for watcher in watchers) or not found.empty():
        if not found.empty():
            seen.add(found.get())
    assert seen <= {0, os.getpid()}


def test_a_second_stack_is_rejected(tmp_path: Path) -> None:
    with StateFolder(tmp_path).lock():
        with pytest.raises(AlreadyRunning):
            StateFolder(tmp_path).lock()
        assert StateFolder(tmp_path).holder() == os.getpid()


def test_the_description_of_a_killed_stack_is_not_used_for_the_next_one(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    with state.lock():
        state.write(running(os.getpid()))
        assert state.running() == running(os.getpid())
        state.write(running(1))
        assert state.running() is None, "the holder is another process"
        state.write(running(os.getpid()))
    assert state.running() is None
    with state.lock():
        assert state.running() is None, "the new stack has not written its description yet"


def test_a_stack_is_not_started_while_an_update_of_the_previous_one_is_running(tmp_path: Path) -> None:
    options = StackOptions(root=ROOT, state=tmp_path, port=two_free_ports())
    with (
        StateFolder(tmp_path).deploying(),
        pytest.raises(StartError, match="an update of the previous stack is still running; try again when it is done"),
        running_stack(options, lambda _: None, lambda _: None),
    ):
        pass
