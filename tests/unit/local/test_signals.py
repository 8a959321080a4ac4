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
from local.processes import SIGNALS, recorded_signals
from local.running_stack import StackOptions
from local.up import update


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)


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


def test_a_detached_start_with_nohup_survives_its_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with recorded_signals() as received:
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)
    assert received == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
