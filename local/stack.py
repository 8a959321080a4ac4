"""The local stack: the development issuer, the emulator, and the program deployed into the emulator."""

import contextlib
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from authorizer import settings
from infra.configuration import read_configuration
from infra.settings import load
from local.emulator import launch
from local.emulator.launch import Emulator
from local.engine import Deployment, Resource, deploy
from local.issuer import HOST, Issuer, IssuerServer
from local.provider import Provider
from local.state import StackStatus

STACK = "local"
DEFAULT_PORT = 4566


class StartError(Exception):
    """The stack could not be started; the message is one line that says what to do."""


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """Where the stack runs: the project's root, a folder for its state, and the API's port.

    `without` names corrections of the emulator to leave out. `issuers` are trusted in addition to the issuer of the
    stack file, and `settings` replace those of the stack file.
    """

    root: Path
    state: Path
    port: int = DEFAULT_PORT
    without: tuple[str, ...] = ()
    issuers: tuple[settings.Issuer, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def issuer_port(self) -> int:
        """The port of the development issuer."""
        return self.port + 1


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """A stack whose API answers requests."""

    deployment: Deployment
    emulator: Emulator
    issuer: Issuer

    def status(self, pid: int) -> StackStatus:
        """Return the stack's description for `python -m local status`; `pid` is the process that runs the stack."""
        exports = self.deployment.exports
        return StackStatus(
            pid=pid,
            url=str(exports["url"]),
            issuer=self.issuer.url,
            stack=STACK,
            functions=dict(exports["functions"]),
            tables=dict(exports["tables"]),
            authorizer=str(exports["authorizer"]),
            endpoint=self.emulator.endpoint_url,
            logs={
                "functions": str(self.emulator.options.functions_log),
                "emulator": str(self.emulator.options.log),
            },
        )

    def wait(self, on_poll: Callable[[], None], interval: float = 0.1) -> int | None:
        """Wait until the emulator exits by itself, and return its exit status."""
        while self.emulator.running:
            on_poll()
            time.sleep(interval)
        return self.emulator.process.returncode


@contextmanager
def running_stack(
    options: StackOptions, on_step: Callable[[str], None], on_created: Callable[[Resource], None]
) -> Generator[RunningStack]:
    """Start the stack, and stop it when the context ends.

    `on_step` is called with a line for each step, `on_created` with each resource.

    Raises:
        StartError: A port is in use.
        SettingsError: The stack file is invalid; it is checked before anything is started.
        EmulatorError: The emulator could not be started.
        DeploymentError: The program could not be deployed.
    """
    configured = _configured_issuer(options)
    issuer = Issuer(configured.url, configured.audiences[0])
    _require_free_ports(options)
    launch.require_installed()
    with contextlib.ExitStack() as stack:
        stack.enter_context(IssuerServer(issuer, options.issuer_port))
        on_step("Starting the emulator")
        emulator_options = launch.Options(state=options.state, port=options.port, without=options.without)
        emulator = stack.enter_context(launch.start(emulator_options))
        on_step("Building the bundles and deploying the program")
        provider = Provider(emulator.endpoint_url, region=emulator_options.region, account=emulator_options.account)
        deployment = deploy(options.root, STACK, provider, _overrides(options, configured), on_created)
        yield RunningStack(deployment=deployment, emulator=emulator, issuer=issuer)


def _configured_issuer(options: StackOptions) -> settings.Issuer:
    """Return the stack file's first issuer, with the URL of the development issuer.

    Raises:
        SettingsError: The stack file is invalid.
    """
    configuration = read_configuration(options.root, STACK)
    configured = load(configuration.project, STACK, configuration.values).issuers[0]
    return msgspec.structs.replace(configured, url=f"http://{HOST}:{options.issuer_port}")


def _overrides(options: StackOptions, issuer: settings.Issuer) -> dict[str, str]:
    """Return the settings that replace those of the stack file, whose issuer has the default port."""
    overrides = {"issuers": [issuer, *options.issuers], **options.settings}
    return {f"gatehouse:{name}": _as_text(value) for name, value in overrides.items()}


def _as_text(value: object) -> str:
    """Return a setting as Pulumi passes it to the program: strings unchanged, all other values as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _require_free_ports(options: StackOptions) -> None:
    for port, service in ((options.port, "the API"), (options.issuer_port, "the issuer")):
        if not launch.is_free(port):
            raise StartError(f"port {port} (for {service}) is in use; choose another with --port N (make local PORT=N)")
