"""Signals to commands of `python -m local`; those to a deployment are in test_deletion."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from infra.interrupts import INTERRUPTED
from infra.packaging.bundles import ROOT
from local.console import CONSOLE
from local.processes import SIGNALS
from local.running_stack import StackOptions
from local.state_folder import StateFolder
from local.up import detached, update

POPEN: Any = subprocess.Popen


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)


class Start:
    """Starts a process that does nothing instead of `python -m local up`, and gets a signal before that has begun."""

    def __init__(self, number: signal.Signals | None) -> None:
        self.number = number
        self.process: Any = None

    def __call__(self, _: object, **options: Any) -> Any:
        self.process = POPEN([sys.executable, "-c", "import time; time.sleep(60)"], **options)
        if self.number is not None:
            signal.raise_signal(self.number)
        return self.process


@pytest.mark.parametrize("number", SIGNALS)
def test_a_detached_start_that_is_interrupted_ends_what_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """At any time: an exception in `Popen` would lose the process."""
    start = Start(number)
    monkeypatch.setattr(detached.subprocess, "Popen", start)
    signal.signal(number, signal.default_int_handler)
    assert detached.start([], StateFolder(tmp_path), CONSOLE) == 128 + number
    assert capsys.readouterr().err == "gatehouse: interrupted; the stack was not started\n"
    assert start.process.returncode == -signal.SIGTERM
    assert signal.getsignal(number) is signal.default_int_handler


def test_a_detached_start_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start = Start(None)
    monkeypatch.setattr(detached.subprocess, "Popen", start)
    monkeypatch.setattr(detached, "START_TIMEOUT", 0)
    assert detached.start([], StateFolder(tmp_path), CONSOLE) != 0
    assert "the stack could not be started" in capsys.readouterr().err
    assert start.process.returncode == -signal.SIGTERM


def test_ctrl_c_simply_ends_the_process_again_once_the_work_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the result is printed, KeyboardInterrupt would be a traceback."""
    found: list[object] = []

    class Printing(Console):
        def print(self, *_: Any, **__: Any) -> None:
            found.append(signal.getsignal(signal.SIGINT))

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    monkeypatch.setattr(update, "_previewed", lambda *_: [])  # type: ignore[reportUnknownLambdaType]
    options = StackOptions(root=ROOT, state=tmp_path)
    assert update.preview(options, None, Printing()) == 0
    assert found == [signal.SIG_DFL]
    monkeypatch.setattr(update, "_previewed", lambda *_: signal.raise_signal(signal.SIGINT))  # type: ignore[reportUnknownLambdaType]
    assert update.preview(options, None, Printing()) == INTERRUPTED


def test_a_stack_started_with_nohup_survives_its_terminal() -> None:
    code = """
import signal
from local.processes import exit_on_signals
signal.signal(signal.SIGHUP, signal.SIG_IGN)
exit_on_signals(lambda: print("cleaned up", flush=True))
signal.raise_signal(signal.SIGHUP)
print("running", flush=True)
signal.raise_signal(signal.SIGTERM)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "running\nStopping.\ncleaned up\n"
