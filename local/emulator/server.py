"""The emulator's process: MiniStack with the corrections applied, in the foreground.

Run by `launch.start`, with the interpreter of the virtual environment that has MiniStack:

    <python> local/emulator/server.py [--without NAME ...] [--end-with-stdin]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])


def main() -> None:
    """Apply the corrections and serve until a signal ends the process."""
    options = _arguments()
    # Never PYTHONPATH: Lambda workers would inherit it. The script's own folder must not shadow modules either.
    sys.path[:] = [_ROOT, *(entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent)]
    if options.end_with_stdin:
        threading.Thread(target=_end_with_stdin, name="end-with-stdin", daemon=True).start()
    _serve(frozenset(options.without))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="MiniStack with Gatehouse's corrections.")
    parser.add_argument("--without", metavar="NAME", action="append", default=[], help="leave this correction out")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input is closed")
    return parser.parse_args()


def _serve(without: frozenset[str]) -> None:
    from local.emulator import corrections, workers  # noqa: PLC0415 - importable only now
    from local.emulator.ministack_internals import APP, reach  # noqa: PLC0415

    corrections.apply(without=without)
    workers.end_with_the_emulator()
    sys.argv[1:] = []  # MiniStack reads them too
    reach(APP, "main")()


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
