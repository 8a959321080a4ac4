"""Signals while a program runs or a resource is made."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from local.engine import deploy
from tests.unit.local.programs import Workshop, write_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Stopped(Exception):
    """What a handler raises."""


class SlowWorkshop(Workshop):
    """Takes long over the second resource, and long enough over none to hide that it goes on."""

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if name == "two":
            time.sleep(20)
        return super().create(type_, name, inputs)


@pytest.fixture
def stopping() -> Iterator[None]:
    """SIGTERM raises `Stopped`."""

    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def send() -> Iterator[Callable[[signal.Signals], None]]:
    """Sends this process a signal a little later."""
    timers: list[threading.Timer] = []

    def later(number: signal.Signals) -> None:
        timers.append(threading.Timer(0.3, os.kill, (os.getpid(), number)))
        timers[-1].start()

    yield later
    for timer in timers:
        timer.cancel()
        timer.join()


PROGRAMS = {
    "while a resource is made": 'for name in ("one", "two", "three", "four"):\n    Thing(name)',
    "while the program runs": 'import time\nThing("one")\ntime.sleep(20)',
    "while nothing happens": 'import asyncio\nThing("one")\npulumi.run(lambda: asyncio.sleep(20))',
}


@pytest.mark.usefixtures("stopping")
@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, Stopped), (signal.SIGINT, KeyboardInterrupt)], ids=["handler", "ctrl-c"]
)
def test_a_signal_ends_the_run_at_once_with_what_its_handler_raises(
    tmp_path: Path,
    send: Callable[[signal.Signals], None],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    source: str,
    number: signal.Signals,
    expected: type[BaseException],
) -> None:
    workshop = SlowWorkshop()
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    send(number)
    start = time.monotonic()
    with pytest.raises(expected):
        deploy(write_program(tmp_path, source), "dev", workshop)
    assert time.monotonic() - start < 5
    assert workshop.names in ([], ["one"])
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    gc.collect()
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_in_another_thread_a_program_runs_too(tmp_path: Path) -> None:
    workshop = Workshop()
    root = write_program(tmp_path, 'Thing("one")')
    thread = threading.Thread(target=deploy, args=(root, "dev", workshop))
    thread.start()
    thread.join()
    assert workshop.names == ["one"]
