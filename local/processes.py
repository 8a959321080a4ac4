"""Process handling: polling, signal handling, and terminating child processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_PERIOD = 5.0
"""Seconds that child processes have to exit after SIGTERM."""

_SHOW_CURSOR = b"\x1b[?25h"


def wait_until(condition: Callable[[], bool], *, seconds: float, interval: float = 0.1) -> bool:
    """Poll a condition every `interval` seconds; return whether it became true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def process_exists(pid: int) -> bool:
    """Return whether there is a process with this id; a zombie process exists too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_running(pid: int) -> bool:
    """Return whether there is a process with this id that has not ended; it need not be a child of this one."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")


def exit_on_signals(cleanup: Callable[[], None]) -> None:
    """Make signals end this process with status 0, after calling `cleanup` and terminating the child processes.

    The signal handler raises no exception, because libraries and event loops could suppress it wherever it occurs.
    """

    def handle(_number: int, _frame: FrameType | None) -> NoReturn:
        ignore_signals()  # a second Ctrl-C must not interrupt this handler
        # `print` is not reentrant, and the signal may have interrupted one.
        os.write(sys.stdout.fileno(), (_SHOW_CURSOR if sys.stdout.isatty() else b"") + b"Stopping.\n")
        try:
            cleanup()
            _terminate_children()
        finally:
            os._exit(0)

    for number in signal_handlers():
        signal.signal(number, handle)


def signal_handlers() -> dict[signal.Signals, Any]:
    """Return the handlers of those `SIGNALS` that this process does not ignore; `nohup` ignores SIGHUP."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    return {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}


@contextmanager
def recorded_signals() -> Generator[list[int]]:
    """Yield a list of the signals that this process receives in this block, and would end it elsewhere."""
    received: list[int] = []
    previous = signal_handlers()
    try:
        for number in previous:
            signal.signal(number, lambda number, _: received.append(number))
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def ignore_signals() -> None:
    """Ignore further signals, so that a shutdown in progress is completed."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _terminate_children() -> None:
    """Send SIGTERM to all child processes, then SIGKILL to those that are left, and wait for them."""
    for name in ("TERM", "KILL"):
        subprocess.run(["pkill", f"-{name}", "-P", str(os.getpid())], check=False)
        if wait_until(_all_children_exited, seconds=GRACE_PERIOD, interval=0.02):
            return


def _all_children_exited() -> bool:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
        return False
    return True
