"""Starts and stops the emulator, a process of its own in a virtual environment of its own.

`start(Options(state=...))` returns an `Emulator` that answers requests. All it writes lies under `state`: its log
(`emulator.log`), what functions print (`functions.log`), unpacked bundles, data. Nothing of the caller's environment
reaches it, so neither AWS credentials nor Python settings of a developer's shell change what it does.

Errors:

    EmulatorError
    ├── NotInstalled        there is no such interpreter
    ├── PortInUse           another process listens on the port
    ├── EmulatorExited      the process ended before it answered; the message holds its last lines
    └── EmulatorNotReady    the process runs but did not answer within the deadline
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
DEFAULT_PORT = 4566

_ROOT = Path(__file__).resolve().parents[2]
_SERVER = Path(__file__).resolve().with_name("server.py")
_HEALTH_PATH = "/_ministack/health"
_POLL_SECONDS = 0.02
_REPORTED_LOG_LINES = 20


class EmulatorError(Exception):
    """The emulator could not be started."""


class NotInstalled(EmulatorError):
    """The virtual environment that the emulator needs has not been made."""

    def __init__(self, python: Path) -> None:
        super().__init__(f"there is no {python}: make the emulator's virtual environment first")
        self.python = python


class PortInUse(EmulatorError):
    """Another process listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"{HOST}:{port} is in use by another process")
        self.port = port


class EmulatorExited(EmulatorError):
    """The process ended before it answered."""

    def __init__(self, return_code: int, log: str) -> None:
        super().__init__(f"the emulator ended with {return_code} before it was ready; its last lines:\n{log}")
        self.return_code = return_code
        self.log = log


class EmulatorNotReady(EmulatorError):
    """The process runs but did not answer within the deadline."""

    def __init__(self, seconds: float, log: str) -> None:
        super().__init__(f"the emulator did not answer within {seconds:g} s; its last lines:\n{log}")
        self.log = log


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys that the emulator accepts; these are the account's root, which may do everything."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the emulator runs.

    `python` is the interpreter of the virtual environment that has MiniStack. `without` names corrections that are
    left out. An emulator that `outlives_starter` goes on when the process that started it ends; any other ends with it.
    """

    state: Path
    python: Path = _ROOT / ".venv-emulator" / "bin" / "python"
    port: int = DEFAULT_PORT
    account: str = "000000000000"
    region: str = "us-east-1"
    without: tuple[str, ...] = ()
    outlives_starter: bool = False
    ready_seconds: float = 30.0
    stop_seconds: float = 3.0

    @property
    def log(self) -> Path:
        """What the emulator itself prints."""
        return self.state / "emulator.log"

    @property
    def functions_log(self) -> Path:
        """What the functions print, each line after the name of its function."""
        return self.state / "functions.log"


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator. As a context manager it is stopped at the end."""

    options: Options
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The emulator's process, which leads a process group that its Lambda workers belong to."""
        return self.process.pid

    @property
    def endpoint_url(self) -> str:
        """Where every AWS service answers."""
        return f"http://{HOST}:{self.options.port}"

    @property
    def credentials(self) -> Credentials:
        """Keys of the account's root: MiniStack takes an account's number for them and checks no signature."""
        return Credentials(access_key_id=self.options.account, secret_access_key="local")  # noqa: S106 - accepts any

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def invoke_url(self, api_id: str, stage: str) -> str:
        """The base address of a deployed REST API, without a trailing slash."""
        return f"{self.endpoint_url}/_aws/execute-api/{api_id}/{stage}"

    def stop(self) -> None:
        """End the emulator and all its Lambda workers. Does nothing more the second time."""
        end(self.pid, has_ended=lambda: not self.running, grace_seconds=self.options.stop_seconds)
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        shutil.rmtree(_temporary(self.options), ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(options: Options) -> Emulator:
    """Start the emulator and wait until it answers.

    Raises:
        NotInstalled: the emulator's virtual environment has not been made.
        PortInUse: another process listens on the port.
        EmulatorExited: the process ended at once.
        EmulatorNotReady: the process did not answer within `options.ready_seconds`; it has been ended.
    """
    if not options.python.exists():
        raise NotInstalled(options.python)
    if not is_free(options.port):
        raise PortInUse(options.port)
    _prepare(options)
    emulator = Emulator(options, _spawn(options))
    try:
        _wait_until_ready(emulator)
    except BaseException:
        emulator.stop()
        raise
    return emulator


def end(pid: int, *, has_ended: Callable[[], bool] | None = None, grace_seconds: float = 3.0) -> None:
    """End an emulator by its process id: politely, then by force, and whatever is left of its process group."""
    ended = has_ended or (lambda: not process_exists(pid))
    if not ended():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_seconds
        while not ended() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def free_port() -> int:
    """A port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def process_exists(pid: int) -> bool:
    """Whether there is such a process, ended but not waited for included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def _temporary(options: Options) -> Path:
    return options.state / "tmp"


def _prepare(options: Options) -> None:
    shutil.rmtree(_temporary(options), ignore_errors=True)
    for folder in (options.state, _temporary(options), options.state / "data", options.state / "s3"):
        folder.mkdir(parents=True, exist_ok=True)
    options.functions_log.write_bytes(b"")


def _spawn(options: Options) -> subprocess.Popen[bytes]:
    command = [str(options.python.absolute()), "-I", "-B", str(_SERVER)]
    for name in options.without:
        command += ["--without", name]
    if not options.outlives_starter:
        command.append("--end-with-stdin")
    with options.log.open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=options.state,
            env=environment(options),
            stdin=subprocess.DEVNULL if options.outlives_starter else subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def environment(options: Options) -> dict[str, str]:
    """All that the emulator finds in its environment."""
    state = options.state.resolve()
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(state),
        "TMPDIR": str(_temporary(options).resolve()),
        "STATE_DIR": str(state / "data"),
        "S3_DATA_DIR": str(state / "s3"),
        "GATEHOUSE_FUNCTIONS_LOG": str(options.functions_log.resolve()),
        "GATEWAY_PORT": str(options.port),
        "BIND_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": options.account,
        "MINISTACK_REGION": options.region,
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # MiniStack removes the containers of others like it from a Docker daemon that it finds.
        "DOCKER_HOST": f"unix://{state}/no-docker.sock",
    }


def _wait_until_ready(emulator: Emulator) -> None:
    options = emulator.options
    deadline = time.monotonic() + options.ready_seconds
    while not _answers(options.port):
        if not emulator.running:
            raise EmulatorExited(emulator.process.returncode, _last_lines(options.log))
        if time.monotonic() >= deadline:
            raise EmulatorNotReady(options.ready_seconds, _last_lines(options.log))
        time.sleep(_POLL_SECONDS)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", _HEALTH_PATH)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_REPORTED_LOG_LINES:])
