"""Ctrl-C in commands: it simply ends the process, except while something has to be completed or explained."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

INTERRUPTED = 130
"""The exit status that shells report for a process ended by SIGINT."""


@contextmanager
def interruptible() -> Generator[None]:
    """Let Ctrl-C raise KeyboardInterrupt in this block, and restore what it did before.

    Python handles signals only in the main thread; elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
