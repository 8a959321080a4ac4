"""The local stack: the development issuer, the emulator, and the program deployed into the emulator."""

import contextlib
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from authorizer.settings import Issuer
from infra import stack_file
from infra.settings import load
from local.emulator import launch
from local.emulator.launch import DEFAULT_PORT, Emulator
from local.engine import Deployment, Resource, deploy
from local.issuer import HOST, DevelopmentIssuer, IssuerServer
from local.provider import Provider
from local.state import StackStatus

STACK = "local"


class StartError(Exception):
    """The stack could not be started; the message is one line that says what to do."""


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """Where the stack runs: the project's root, a folder for its state, and the API's port.

    `settings` overrides settings of the stack file, or parts of them. `issuers` are trusted in addition to the stack's.
    """

    root: Path
    state: Path
    port: int = DEFAULT_PORT
    issuers: tuple[Issuer, ...] = ()
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
    issuer: DevelopmentIssuer

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
            logs={"functions": str(self.emulator.options.functions_log), "emulator": str(self.emulator.options.log)},
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
    overrides = _overrides(options)
    configured = _issuers(options, overrides)
    issuer = DevelopmentIssuer(configured[0].url, configured[0].audiences[0])
    overrides.pop("issuers", None)  # the last override applies
    overrides["issuers"] = _as_text(configured)
    _require_free_ports(options)
    launch.require_installed()
    with contextlib.ExitStack() as stack:
        stack.enter_context(IssuerServer(issuer, options.issuer_port))
        on_step("Starting the emulator")
        emulator_options = launch.Options(state=options.state, port=options.port)
        emulator = stack.enter_context(launch.start(emulator_options))
        on_step("Building the bundles and deploying the program")
        provider = Provider(emulator.endpoint_url, region=emulator_options.region, account=emulator_options.account)
        deployment = deploy(options.root, STACK, provider, overrides, on_step=lambda step: on_created(step.resource))
        yield RunningStack(deployment=deployment, emulator=emulator, issuer=issuer)


def _overrides(options: StackOptions) -> dict[str, str]:
    return {key: _as_text(value) for key, value in options.settings.items()}


def _issuers(options: StackOptions, overrides: Mapping[str, str]) -> list[Issuer]:
    """Return the stack's issuers, the first with the URL of the development issuer, and the additional ones.

    Raises:
        SettingsError: The settings are invalid.
    """
    file = stack_file.read(options.root, STACK, overrides)
    first, *others = load(file.project, STACK, file.values).issuers
    first = msgspec.structs.replace(first, url=f"http://{HOST}:{options.issuer_port}")
    return [first, *others, *options.issuers]


def _as_text(value: object) -> str:
    """Return a setting as Pulumi passes it to the program: strings unchanged, all other values as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _require_free_ports(options: StackOptions) -> None:
    for port, service in ((options.port, "the API"), (options.issuer_port, "the issuer")):
        if not launch.is_free(port):
            raise StartError(f"port {port} (for {service}) is in use; choose another with --port N (make local PORT=N)")
