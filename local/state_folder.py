"""The folder `.local`: what is known about the running stack, and the locks of the stack and of its deployments."""

import fcntl
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from infra.packaging.bundles import ROOT
from local.emulator.corrections.custom_domains import ADDRESS as DOMAINS
from local.engine.checkpoint import Checkpoint
from local.processes import wait_until

FOLDER = ROOT / ".local"
FILE_NAME = "state.json"
LOCK_NAME = "lock"
PRIVATE = 0o700
"""The mode of the folder."""

DEPLOYMENT_LOCK_NAME = "deployment.lock"
LOCK_TIMEOUT = 1.0
"""Seconds to wait for the lock."""


class StackStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A running stack: its addresses, the names of its resources, and the process that runs it."""

    pid: int
    url: str
    """Where the API answers on this machine."""
    issuer: str
    stack: str
    engine: str
    """Which engine deployed it last: `local` or `pulumi`."""
    functions: dict[str, str]
    tables: dict[str, str]
    authorizer: str
    endpoint: str
    logs: dict[str, str]
    domain: str = ""
    """The URL of the API at the stack's custom domain, whose name does not lead to this machine."""
    sign_in: str = ""
    """Where people sign in, if the stack has a user pool."""
    clients: dict[str, str] = {}
    """The ids of the user pool's clients, by their names."""

    @property
    def scopes(self) -> str:
        """Every scope of the API, separated by spaces."""
        return " ".join(f"{name}:{verb}" for name in self.tables for verb in ("read", "write"))


def described(exports: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    """Return the fields that a deployment with these exports determines."""
    fields = {name: exports[name] for name in ("functions", "tables", "authorizer")}
    pool = exports.get("userPool")
    return {
        **fields,
        **_addresses(exports["url"], endpoint),
        "sign_in": f"{endpoint}/oauth2/authorize" if pool else "",
        "clients": pool["clients"] if pool else {},
    }


def _addresses(url: str, endpoint: str) -> dict[str, str]:
    """Return where the API answers, and its URL at the custom domain if it has one."""
    if url.startswith(f"{endpoint}/"):
        return {"url": url, "domain": ""}
    return {"url": f"{endpoint}{DOMAINS}{url.removeprefix('https://')}", "domain": url}


class AlreadyRunning(Exception):
    """Another process holds the lock."""


class StateFolder:
    """The folder with the state of a checkout's local stack."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    @property
    def checkpoint(self) -> Path:
        """The file with the state of the stack's resources, which both engines read and write."""
        return self.folder / "stack.json"

    @property
    def pulumi(self) -> Path:
        """The folder that the Pulumi CLI uses while it runs."""
        return self.folder / "pulumi"

    def create(self) -> None:
        """Create the folder, which only its owner may read: it has the stack's keys and secrets."""
        self.folder.mkdir(mode=PRIVATE, exist_ok=True)
        self.folder.chmod(PRIVATE)

    def lock(self) -> IO[str]:
        """Take the lock, which is held until the returned file is closed, and clear the state of a killed stack.

        `holder` takes a shared lock for a moment, so this function retries for `LOCK_TIMEOUT` seconds.

        Raises:
            AlreadyRunning: Another process holds the lock.
        """
        self.create()
        file = (self.folder / LOCK_NAME).open("a+")
        if not wait_until(lambda: _try_lock(file, fcntl.LOCK_EX), seconds=LOCK_TIMEOUT, interval=0.01):
            file.close()
            raise AlreadyRunning
        file.truncate(0)
        self.clear()
        file.write(str(os.getpid()))
        file.flush()
        return file

    @contextmanager
    def deploying(self) -> Generator[None]:
        """Hold the lock of deployments: only one process at a time changes the stack's resources or their state.

        Raises:
            AlreadyRunning: Another process holds the lock.
        """
        with (self.folder / DEPLOYMENT_LOCK_NAME).open("a") as file:
            if not _try_lock(file, fcntl.LOCK_EX):
                raise AlreadyRunning
            yield

    def holder(self) -> int | None:
        """Return the id of the process that holds the lock, or None if there is none."""
        try:
            with (self.folder / LOCK_NAME).open() as file:
                if _try_lock(file, fcntl.LOCK_SH):
                    return None
                text = file.read()
        except FileNotFoundError:
            return None
        return int(text) if text.isascii() and text.isdigit() else None

    def running(self) -> StackStatus | None:
        """Return the running stack's status, or None; the file of a process that no longer runs is ignored."""
        holder = self.holder()
        with suppress(OSError, msgspec.DecodeError):
            status = msgspec.json.decode((self.folder / FILE_NAME).read_bytes(), type=StackStatus)
            return status if holder is not None and status.pid == holder else None
        return None

    def write(self, status: StackStatus) -> None:
        """Record the running stack's status, in one atomic step."""
        partial = self.folder / f"{FILE_NAME}.partial"
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(status)))
        partial.replace(self.folder / FILE_NAME)

    def clear(self) -> None:
        """Record that no stack is running."""
        (self.folder / FILE_NAME).unlink(missing_ok=True)

    def forget_resources(self) -> None:
        """Delete the state of resources: a new emulator has none."""
        Checkpoint(self.checkpoint).delete()
        shutil.rmtree(self.pulumi, ignore_errors=True)


def _try_lock(file: IO[str], kind: int) -> bool:
    """Try to lock a file without waiting, exclusively (LOCK_EX) or shared (LOCK_SH); return whether it succeeded."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
