"""`python -m local up --detach`: what becomes of a start that does not end."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.state_folder import StateFolder
from local.up import detached


def test_a_start_that_takes_too_long_is_ended_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    popen, started = subprocess.Popen, list[subprocess.Popen[bytes]]()

    def start(_command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen(["sleep", "60"], **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(detached, "ignore_signals", lambda: None)  # would apply to the other tests too
    monkeypatch.setattr(detached, "START_TIMEOUT", 0)
    assert detached.start([], StateFolder(tmp_path), Console(quiet=True)) == 1
    assert capsys.readouterr().err == (
        f"gatehouse: the stack did not start within 0 seconds; see {tmp_path / 'up.log'}\n"
    )
    assert [process.poll() for process in started] == [-signal.SIGTERM]
