"""Run the Pulumi CLI for a stack in the emulator: `python -m local up --engine pulumi`.

The stack's state is one file, which both engines read and write (see `local.engine.checkpoint`). The CLI's backend is a
temporary copy of it: it is imported before a command and exported after it, whether the command succeeds or not.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from infra import cli_yaml, stack_file
from local.processes import is_running
from local.provider.example import ACCOUNT
from local.provider.provider_settings import ACCOUNT_VARIABLE

_COMMAND = ("pulumi", "--non-interactive")
PLUGIN_FOLDER = Path(__file__).parent / "provider" / "bin"
"""The folder of the plugin `pulumi-resource-aws`, which only the processes started here have on their PATH."""


class PulumiError(Exception):
    """A command of the Pulumi CLI cannot be run, or failed."""


def require_installed() -> None:
    """Check that the CLI can be started.

    Raises:
        PulumiError: It is not on PATH.
    """
    if shutil.which(_COMMAND[0]) is None:
        raise PulumiError(
            "`pulumi` is not on PATH; --engine pulumi requires the Pulumi CLI and its Python language host"
            " (https://www.pulumi.com/docs/install/)"
        )


def environment(folder: Path, endpoint: str | None = None) -> dict[str, str]:
    """Return the environment variables of the CLI: its files are in `folder`, and AWS answers at `endpoint`.

    Without an endpoint, only previews are possible, in an example account. The developer's own settings of Pulumi and
    AWS do not apply.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "AWS_"))}
    return {
        **own,
        "PATH": f"{PLUGIN_FOLDER}{os.pathsep}{own.get('PATH', os.defpath)}",
        "PULUMI_BACKEND_URL": (folder / "backend").resolve().as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # The CLI requires a passphrase. There is nothing to protect: the state file next to it holds secrets in plain
        # text, as does the emulator.
        "PULUMI_CONFIG_PASSPHRASE": "local",
        **({ACCOUNT_VARIABLE: ACCOUNT} if endpoint is None else {"AWS_ENDPOINT_URL": endpoint}),
    }


@dataclass(frozen=True, kw_only=True)
class PulumiStack:
    """A stack of the project at `root`, whose state is the file `checkpoint`; the CLI's own files are in `folder`.

    `overrides` replace settings of the stack file. Without an endpoint, the stack can only be previewed.
    """

    root: Path
    name: str
    folder: Path
    checkpoint: Path
    endpoint: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])

    def up(self) -> None:
        """Create the stack's resources, or change those that differ from the program. Raises the errors of `run`."""
        self.run("up", "--yes", "--skip-preview")

    def run(self, command: str, *options: str) -> None:
        """Run `preview`, `up`, `refresh` or `destroy` with the stack's settings and state.

        Its output is this process's. SIGINT is passed on to it, and it then completes what it has begun.

        Raises:
            SettingsError: The stack's settings are invalid.
            PulumiError: The CLI is not installed, or the command failed and has printed why. The state has what was
                done until then.
            KeyboardInterrupt: Ctrl-C has ended the command, after it completed what it had begun.
        """
        require_installed()
        file = stack_file.read(self.root, self.name, self.overrides)
        file.require_decrypted()
        with self._backend(file.project):
            settings = self._settings
            salt = cli_yaml.parse(settings.read_text())
            settings.write_text(json.dumps({**salt, "config": dict(file.values)}))
            arguments = ("--stack", self.name, "--config-file", str(settings), *options)
            status = _run_interruptibly(
                [*_COMMAND, command, *arguments], self.root, self._environment, self._process_id
            )
        if status:
            raise PulumiError(f"`pulumi {command}` failed with status {status}")

    @property
    def _environment(self) -> dict[str, str]:
        return environment(self.folder, self.endpoint)

    @property
    def _project(self) -> Path:
        """A folder with a project file, in which the CLI can write to the stack's settings file."""
        return self.folder / "project"

    @property
    def _settings(self) -> Path:
        return self._project / f"Pulumi.{self.name}.yaml"

    @property
    def _process_id(self) -> Path:
        """A file with the id of the last process of the CLI; not in the folder, which a new stack deletes."""
        return self.folder.with_suffix(".pid")

    @property
    def _imported(self) -> Path:
        """A file that exists while the backend has the state, between the import and the export."""
        return self.folder / "imported"

    def recover(self) -> None:
        """Export the state that a killed command has left in its backend. Either engine must begin with this.

        Raises:
            PulumiError: The killed command's CLI is still running. Or the CLI is no longer installed or cannot read the
                state, which is kept.
        """
        self._require_ended()
        if not self.folder.exists():
            return
        if self._imported.exists():  # otherwise the backend has not been used, and may not have the state yet
            require_installed()
            self._export()
        shutil.rmtree(self.folder)

    def _require_ended(self) -> None:
        """Raise PulumiError if the CLI of a killed command continues, which would change what is deployed next."""
        with suppress(FileNotFoundError):
            process_id = self._process_id.read_text()
            if process_id and is_running(int(process_id)):
                raise PulumiError(f"`pulumi` (process {process_id}) is still running; try again when it is done")

    @contextmanager
    def _backend(self, project: str) -> Generator[None]:
        """Import the state into a new backend, and export it afterwards."""
        self.recover()
        self.folder.mkdir(mode=0o700)
        for folder in (self.folder / "backend", self._project):
            folder.mkdir()
        (self._project / stack_file.PROJECT_FILE).write_text(json.dumps({"name": project, "runtime": "python"}))
        self._require("stack", "init", self.name)
        if self.checkpoint.exists():
            file = str(self.checkpoint.resolve())
            self._require("stack", "import", "--stack", self.name, "--file", file)
        self._imported.touch()
        try:
            yield
        finally:
            self._export()
            shutil.rmtree(self.folder)

    def _export(self) -> None:
        partial = self.checkpoint.with_suffix(".partial")
        file = str(partial.resolve())
        self._require("stack", "export", "--show-secrets", "--stack", self.name, "--file", file)
        partial.replace(self.checkpoint)
        self._imported.unlink()  # from now on the backend is not needed, and may be deleted in part

    def _require(self, *arguments: str) -> None:
        """Run a command that prints nothing of interest. Raises PulumiError."""
        done = subprocess.run(
            [*_COMMAND, *arguments], cwd=self._project, env=self._environment, umask=0o077, start_new_session=True,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            reason = done.stderr.strip().removeprefix("error: ")
            raise PulumiError(f"`pulumi {' '.join(arguments[:2])}` failed: {reason}")


def _run_interruptibly(command: Sequence[str], folder: Path, environment: Mapping[str, str], process_id: Path) -> int:
    """Run a command in a new session, write its process id to a file, and return its exit status.

    If Ctrl-C raises KeyboardInterrupt in this process, it is passed on to the command instead, and raised once
    the command has failed. Otherwise this process handles signals in another way, and ends its children itself.
    """
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    process_id.write_text(str(process.pid))
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return process.wait()

    interrupts: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        interrupts.append(number)
        process.send_signal(number)

    signal.signal(signal.SIGINT, forward)
    try:
        status = process.wait()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if status and interrupts:
        raise KeyboardInterrupt
    return status
