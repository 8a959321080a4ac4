"""`python -m local up --detach`: run the same command in the background, with its output in a file."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from infra.packaging.bundles import ROOT
from local.processes import recorded_signals, wait_until
from local.state_folder import StateFolder

LOG_NAME = "up.log"
START_TIMEOUT = 600
"""Seconds that a start may take. The first one downloads the packages of the bundles."""
STOP_TIMEOUT = 15
"""Seconds that a stack has to stop before it is killed."""


def start(arguments: Sequence[str], state: StateFolder, console: Console) -> int:
    """Start `python -m local up` with these arguments, wait until the stack is running, and return an exit status."""
    state.create()
    log = state.folder / LOG_NAME
    with recorded_signals() as received:
        process = _started(arguments, log)
        with console.status("Starting the stack"):
            in_time = wait_until(
                lambda: bool(received) or state.running() is not None or process.poll() is not None,
                seconds=START_TIMEOUT,
            )
        if received or not in_time:
            _stop(process)
    if received:
        sys.stderr.write("gatehouse: interrupted; the stack was not started\n")
        return 128 + received[0]
    if not in_time:
        sys.stderr.write(f"gatehouse: the stack did not start within {START_TIMEOUT} seconds; see {log}\n")
        return 1
    status = state.running()
    if status is None:
        _, prefix, message = log.read_text().rpartition("gatehouse: ")
        sys.stderr.write(prefix + message if prefix else f"gatehouse: the stack could not be started; see {log}\n")
        return process.poll() or 1
    console.print(f"The stack is up at {status.url} (logs in {state.folder}; stop it with `python -m local down`).")
    return 0


def _started(arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "local", "up", *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
