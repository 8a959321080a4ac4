"""Ending at a signal, with every process that was started.

Nothing is raised from the signal's handler: wherever the signal comes, libraries and event loops would swallow the
exception or wait for what it left half done.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 5.0
"""How long children may take to end by themselves, in seconds."""

_SHOW_CURSOR = b"\x1b[?25h"


def end_at_signals(before: Callable[[], None]) -> None:
    """From now on a signal ends this process with status 0, after `before` and after its children have ended."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        ignore_signals()  # a second Ctrl-C must not interrupt this
        # Not by print: the signal may have come in the middle of one.
        os.write(sys.stdout.fileno(), (_SHOW_CURSOR if sys.stdout.isatty() else b"") + b"Stopping.\n")
        try:
            before()
            end_children()
        finally:
            os._exit(0)

    for number in SIGNALS:
        signal.signal(number, end)


def ignore_signals() -> None:
    """Lets an end that has begun come to its end."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def end_children() -> None:
    """Ends this process's children, politely and then by force, and waits for them."""
    for name in ("TERM", "KILL"):
        subprocess.run(["pkill", f"-{name}", "-P", str(os.getpid())], check=False)
        if _all_gone(PATIENCE):
            return


def _all_gone(seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    with suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.02)
        return False
    return True
