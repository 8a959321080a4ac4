"""Lambda workers end when the emulator does, even when it is killed.

MiniStack leaves its workers to notice a closed pipe, which one that is busy does not.
"""

from __future__ import annotations

import atexit

from local.emulator.ministack_internals import WORKERS, reach

_WATCH = """
def _end_with_the_emulator():
    import os, threading, time
    emulator = os.getppid()
    def watch():
        while os.getppid() == emulator:
            time.sleep(0.5)
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()

_end_with_the_emulator()
"""


def end_with_the_emulator() -> None:
    """Make every Python worker watch its parent, and end those that run when the emulator ends in order."""
    runtime = reach(WORKERS)
    runtime._PYTHON_WORKER_SCRIPT = _WATCH + runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001 - see ministack_internals
    atexit.register(runtime.reset)
