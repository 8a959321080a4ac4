"""Who holds the stack is told rightly, whoever looks at the same time."""

import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import pytest

from local.state import AlreadyRunning, Running, State

PROCESSES = multiprocessing.get_context("spawn")


def running(pid: int) -> Running:
    return Running(
        pid=pid, url="http://x", issuer="http://y", stack="local", functions={}, tables={}, authorizer="a",
        endpoint="http://z", logs={},
    )  # fmt: skip


def look(folder: Path, found: Any, over: Any) -> None:
    """Look all the time, and tell whom it saw."""
    found.put(0)
    while not over.is_set():
        holder = State(folder).holder()
        if holder is not None:
            found.put(holder)


def test_nobody_holds_what_is_not_there(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert (state.holder(), state.running()) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_who_looks_is_not_taken_for_the_holder_and_keeps_nobody_from_starting(tmp_path: Path) -> None:
    found, over = PROCESSES.Queue(), PROCESSES.Event()
    with State(tmp_path).hold():
        pass
    lookers = [PROCESSES.Process(target=look, args=(tmp_path, found, over)) for _ in range(3)]
    for looker in lookers:
        looker.start()
    seen = {found.get(timeout=30) for _ in lookers}
    for _ in range(100):
        with State(tmp_path).hold():
            time.sleep(0.005)
    over.set()
    while any(looker.is_alive() for looker in lookers) or not found.empty():
        if not found.empty():
            seen.add(found.get())
    assert seen <= {0, os.getpid()}


def test_a_second_stack_is_refused(tmp_path: Path) -> None:
    with State(tmp_path).hold():
        with pytest.raises(AlreadyRunning):
            State(tmp_path).hold()
        assert State(tmp_path).holder() == os.getpid()


def test_what_a_killed_stack_left_behind_is_not_the_next_ones(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.hold():
        state.write(running(os.getpid()))
        assert state.running() == running(os.getpid())
        state.write(running(1))
        assert state.running() is None, "it is not the holder's"
        state.write(running(os.getpid()))
    assert state.running() is None
    with state.hold():
        assert state.running() is None, "it is coming up, and nobody knows its address yet"
