"""Start and stop the emulator, which runs in its own process and virtual environment.

`start(Options(state=...))` returns an `Emulator` that answers requests. The emulator writes only to the folder `state`:
its log (`emulator.log`), the functions' output (`functions.log`), unpacked bundles and data. It does not inherit the
caller's environment, so AWS credentials and Python settings of a developer's shell have no effect on it.

Errors:

    EmulatorError
    ├── NotInstalled        the virtual environment is missing or outdated
    ├── PortInUse           another process listens on the port
    ├── EmulatorExited      the process exited before it answered; the message contains its last log lines
    └── EmulatorNotReady    the process did not response in time
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
from typing import Self

HOST = "127.0.0.1"
DEFAULT_PORT = 4566
DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"

_ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-emulator"
_REQUIREMENTS = Path(__file__).resolve().with_name("requirements.txt")
_SERVER = Path(__file__).resolve().with_name("server.py")
_HEALTH_PATH = "/_ministack/health"
_POLL_SECONDS = 0.02
_REPORTED_LOG_LINES = 20


class EmulatorError(Exception):
    """The emulator could not be started."""


class NotInstalled(EmulatorError):
    """The emulator's virtual environment is missing or outdated."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing or outdated; run `make emulator`")


class PortInUse(EmulatorError):
    """Another process listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"{HOST}:{port} is in use by another process")


class EmulatorExited(EmulatorError):
    """The process exited before it answered."""

    def __init__(self, return_code: int, log: str) -> None:
        super().__init__(
            f"the emulator exited with status {return_code} before it was ready; its last log lines:\n{log}"
        )
        self.return_code = return_code
        self.log = log


class EmulatorNotReady(EmulatorError):
    """The process did not response in time."""

    def __init__(self, seconds: float, log: str) -> None:
        super().__init__(f"the emulator did not response within {seconds:g} s; its last log lines:\n{log}")
        self.log = log


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the emulator runs.

    `python` is the interpreter of the emulator's virtual environment. `without` names corrections to leave out.
    """

    state: Path
    python: Path = _ENVIRONMENT / "bin" / "python"
    port: int = DEFAULT_PORT
    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    without: tuple[str, ...] = ()
    ready_seconds: float = 30.0
    stop_seconds: float = 3.0

    @property
    def log(self) -> Path:
        """The emulator's own log."""
        return self.state / "emulator.log"

    @property
    def functions_log(self) -> Path:
        """The output of all functions; each line starts with the function's name."""
        return self.state / "functions.log"


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator. As a context manager, it stops when the context ends."""

    options: Options
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The id of the emulator's process, and of the process group that includes its Lambda workers."""
        return self.process.pid

    @property
    def endpoint_url(self) -> str:
        """The URL at which every AWS service answers."""
        return f"http://{HOST}:{self.options.port}"

    @property
    def running(self) -> bool:
        """Whether the process has not exited."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Stop the emulator and all its Lambda workers: first with SIGTERM, then with SIGKILL. May be called twice."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.options.stop_seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        shutil.rmtree(_temporary(self.options), ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def require_installed() -> None:
    """Check that the emulator's virtual environment contains the pinned requirements.

    Raises:
        NotInstalled: It does not exist, or contains other versions.
    """
    installed = _ENVIRONMENT / "installed.txt"
    if not installed.exists() or installed.read_bytes() != _REQUIREMENTS.read_bytes():
        raise NotInstalled(_ENVIRONMENT)


def start(options: Options) -> Emulator:
    """Start the emulator and wait until it answers.

    Raises:
        NotInstalled: The emulator's virtual environment does not exist.
        PortInUse: Another process listens on the port.
        EmulatorExited: The process exited before it answered.
        EmulatorNotReady: The process did not response within `options.ready_seconds`; it has been stopped.
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


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Return whether nothing listens on a port of the loopback interface."""
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
    with options.log.open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=options.state,
            env=environment(options),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def environment(options: Options) -> dict[str, str]:
    """Return the emulator's environment variables."""
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
        # MiniStack would remove containers of other MiniStack instances from a Docker daemon.
        "DOCKER_HOST": f"unix://{state}/no-docker.sock",
    }


def _wait_until_ready(emulator: Emulator) -> None:
    options = emulator.options
    deadline = time.monotonic() + options.ready_seconds
    while not _is_ready(options.port):
        if not emulator.running:
            raise EmulatorExited(emulator.process.returncode, _last_lines(options.log))
        if time.monotonic() >= deadline:
            raise EmulatorNotReady(options.ready_seconds, _last_lines(options.log))
        time.sleep(_POLL_SECONDS)


def _is_ready(port: int) -> bool:
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
