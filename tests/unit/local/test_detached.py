"""`python -m local up --detach`: what becomes of a start that does not end, or is interrupted."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.processes import SIGNALS
from local.state_folder import StateFolder
from local.up import detached


class Starts:
    """Starts processes that do nothing, and sends this one a signal before the caller knows the process."""

    def __init__(self, popen: type[subprocess.Popen[bytes]]) -> None:
        self.popen = popen
        self.processes: list[subprocess.Popen[bytes]] = []
        self.signal: signal.Signals | None = None

    def __call__(self, _command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        self.processes.append(self.popen(["sleep", "60"], **options))
        if self.signal is not None:
            signal.raise_signal(self.signal)
        return self.processes[-1]

    def statuses(self) -> list[int | None]:
        return [process.poll() for process in self.processes]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Starts]:
    starts = Starts(subprocess.Popen)
    monkeypatch.setattr(subprocess, "Popen", starts)
    previous = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield starts
    for number, handler in previous.items():
        signal.signal(number, handler)


def start(folder: Path) -> int:
    return detached.start([], StateFolder(folder), Console(quiet=True))


def test_a_start_that_takes_too_long_is_ended_and_reported(
    starts: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(detached, "START_TIMEOUT", 0)
    assert start(tmp_path) == 1
    assert capsys.readouterr().err == (
        f"gatehouse: the stack did not start within 0 seconds; see {tmp_path / 'up.log'}\n"
    )
    assert starts.statuses() == [-signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_start_is_ended_and_reported(
    starts: Starts, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """At any time: an exception while the process is started would lose it."""
    starts.signal = number
    assert start(tmp_path) == 128 + number
    assert capsys.readouterr().err == "gatehouse: interrupted; the stack was not started\n"
    assert starts.statuses() == [-signal.SIGTERM]
    assert signal.getsignal(number) is signal.default_int_handler
