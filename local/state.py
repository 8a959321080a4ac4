"""What is running: a lock that the running stack holds, and a file that describes it."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from infra.bundles import ROOT
from local.waiting import wait_until

FOLDER = ROOT / ".local"
FILE_NAME = "state.json"
LOCK_NAME = "lock"
PATIENCE = 1.0
"""Seconds for which the lock is tried."""


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A stack that is up: where it answers, what it is made of, and the process that holds it."""

    pid: int
    url: str
    issuer: str
    stack: str
    functions: dict[str, str]
    tables: dict[str, str]
    authorizer: str
    endpoint: str
    logs: dict[str, str]


class AlreadyRunning(Exception):
    """Another process holds the lock."""


class State:
    """The state folder of one checkout."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    def hold(self) -> IO[str]:
        """Takes the lock for as long as the returned file is open. Raises AlreadyRunning.

        Whoever only looks who holds it has a share of it for a moment, so it is tried for a while. What a stack that
        was killed has left behind is cleared away.
        """
        self.folder.mkdir(exist_ok=True)
        file = (self.folder / LOCK_NAME).open("a+")
        if not wait_until(lambda: _locked(file, fcntl.LOCK_EX), seconds=PATIENCE, pause=0.01):
            file.close()
            raise AlreadyRunning
        file.truncate(0)
        self.clear()
        file.write(str(os.getpid()))
        file.flush()
        return file

    def holder(self) -> int | None:
        """The process that holds the lock, if one does."""
        try:
            with (self.folder / LOCK_NAME).open() as file:
                if _locked(file, fcntl.LOCK_SH):
                    return None
                text = file.read()
        except FileNotFoundError:
            return None
        return int(text) if text.isascii() and text.isdigit() else None

    def running(self) -> Running | None:
        """The stack that is up, if one is: a file that its process left behind does not count."""
        holder = self.holder()
        with suppress(OSError, msgspec.DecodeError):
            found = msgspec.json.decode((self.folder / FILE_NAME).read_bytes(), type=Running)
            return found if holder is not None and found.pid == holder else None
        return None

    def write(self, running: Running) -> None:
        """Says that the stack is up. Written whole or not at all."""
        partial = self.folder / f"{FILE_NAME}.partial"
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(running)))
        partial.replace(self.folder / FILE_NAME)

    def clear(self) -> None:
        """Says that nothing is up."""
        (self.folder / FILE_NAME).unlink(missing_ok=True)


def _locked(file: IO[str], kind: int) -> bool:
    """Whether the lock on a file was to be had: all of it (LOCK_EX), or a share of it (LOCK_SH)."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
