"""The stack in the background: the same command, in a session of its own, with a file for its output."""

import subprocess
import sys
import time
from collections.abc import Callable

from rich.console import Console

from infra.bundles import ROOT
from local.state import State

LOG_NAME = "up.log"
PATIENCE = 600
"""How long a first start may take, packages included, in seconds."""


def start(port: int, state: State, console: Console) -> int:
    """Starts the stack and returns when it is up, or with what it said when it failed."""
    state.folder.mkdir(exist_ok=True)
    log = state.folder / LOG_NAME
    with log.open("wb") as output:
        command = [sys.executable, "-m", "local", "up", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    with console.status("Starting the stack"):
        wait_until(lambda: state.running() is not None or process.poll() is not None, seconds=PATIENCE)
    running = state.running()
    if running is None:
        _, mark, said = log.read_text().rpartition("gatehouse: ")
        sys.stderr.write(mark + said if mark else f"gatehouse: the stack did not come up; see {log}\n")
        return process.poll() or 1
    console.print(f"The stack is up at {running.url} (logs in {state.folder}; stop it with `python -m local down`).")
    return 0


def wait_until(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Waits until something holds; whether it did within the time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
