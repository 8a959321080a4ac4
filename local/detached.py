"""The stack in the background: the same command, in a session of its own, with a file for its output."""

import signal
import subprocess
import sys

from rich.console import Console

from infra.bundles import ROOT
from local.ending import ignore_signals
from local.state import State
from local.waiting import wait_until

LOG_NAME = "up.log"
PATIENCE = 600
"""How long a first start may take, packages included, in seconds."""

ENDING = 15
"""How long an interrupted start may take to end, in seconds."""

INTERRUPTED = 130
"""What a shell makes of a process that SIGINT ended."""


def start(port: int, state: State, console: Console) -> int:
    """Starts the stack and returns when it is up, or with what it said when it failed."""
    state.folder.mkdir(exist_ok=True)
    log = state.folder / LOG_NAME
    # Until now Ctrl-C has just ended this process; from here on there is something to end with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with log.open("wb") as output:
        command = [sys.executable, "-m", "local", "up", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        with console.status("Starting the stack"):
            wait_until(lambda: state.running() is not None or process.poll() is not None, seconds=PATIENCE)
    except KeyboardInterrupt:
        ignore_signals()  # a second Ctrl-C must not leave behind what the first one ends
        process.terminate()
        try:
            process.wait(ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
        sys.stderr.write("gatehouse: interrupted; the stack was not started\n")
        return INTERRUPTED
    running = state.running()
    if running is None:
        _, mark, said = log.read_text().rpartition("gatehouse: ")
        sys.stderr.write(mark + said if mark else f"gatehouse: the stack did not come up; see {log}\n")
        return process.poll() or 1
    console.print(f"The stack is up at {running.url} (logs in {state.folder}; stop it with `python -m local down`).")
    return 0
