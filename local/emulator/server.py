"""The emulator's process: MiniStack with the corrections.

`launch.start` runs it with the interpreter of the emulator's virtual environment:

    <python> local/emulator/server.py [--without NAME ...]

It exits when its standard input is closed, which happens when the process that started it ends.
"""

from __future__ import annotations

import argparse
import atexit
import os
import signal
import sys
import threading
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
_EXIT_WITH_PARENT = """
def _exit_with_parent():
    import os, threading, time
    parent = os.getppid()
    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()

_exit_with_parent()
"""


def main() -> None:
    """Apply the corrections and run MiniStack until a signal ends the process."""
    parser = argparse.ArgumentParser(description="MiniStack with Gatehouse's corrections.")
    parser.add_argument("--without", metavar="NAME", action="append", default=[], help="leave this correction out")
    without = frozenset[str](parser.parse_args().without)
    # PYTHONPATH is not used, because Lambda workers would inherit it. The script's own folder must not shadow modules.
    sys.path[:] = [_ROOT, *(entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent)]
    threading.Thread(target=_exit_with_stdin, name="exit-with-stdin", daemon=True).start()
    _run(without)


def _run(without: frozenset[str]) -> None:
    from local.emulator import corrections  # noqa: PLC0415 - the import path was not set before
    from local.emulator.ministack_internals import APP, WORKERS, internal  # noqa: PLC0415

    corrections.apply(without=without)
    # MiniStack's workers exit when their pipe is closed, which a busy worker does not notice.
    runtime = internal(WORKERS)
    runtime._PYTHON_WORKER_SCRIPT = _EXIT_WITH_PARENT + runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001 - see ministack_internals
    atexit.register(runtime.reset)
    sys.argv[1:] = []  # MiniStack reads them too
    internal(APP, "main")()


def _exit_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
