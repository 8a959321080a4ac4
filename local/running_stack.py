"""Start and stop a local stack: the development issuer, the emulator, and the program deployed into it."""

import contextlib
import gc
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from authorizer.settings import Issuer
from infra import stack_file
from infra.settings import StackSettings, load
from infra.stack_file import SettingsError
from local import deploy, hosted_zone
from local.deploy import DEFAULT_STACK, Engine, Target
from local.emulator import launch
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_PORT, Emulator
from local.engine import Step
from local.issuer import HOST, DevelopmentIssuer, IssuerServer
from local.provider import Provider
from local.state_folder import AlreadyRunning, StackStatus, StateFolder, described
from local.unsupported_settings import unsupported_settings


class StartError(Exception):
    """The stack could not be started; the message is one line that says what to do."""


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """Which stack runs, and where: the project's root, a folder for its state, the API's port; and what deploys it.

    `settings` overrides settings of the stack file, or parts of them. `issuers` are trusted in addition to the stack's.
    """

    root: Path
    state: Path
    stack: str = DEFAULT_STACK
    port: int = DEFAULT_PORT
    engine: Engine = Engine.LOCAL
    issuers: tuple[Issuer, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def issuer_port(self) -> int:
        """The port of the development issuer."""
        return self.port + 1

    @property
    def issuer_url(self) -> str:
        """The URL of the development issuer."""
        return f"http://{HOST}:{self.issuer_port}"

    def trusted_issuers(self) -> list[Issuer]:
        """Return the stack's issuers, the first with the URL of the development issuer, and the additional ones.

        Raises:
            SettingsError: The settings are invalid, or not supported by the local stack.
            StartError: The stack has no issuer.
        """
        return self._trusted(self._read())

    def target(self, endpoint: str | None) -> Target:
        """Return what an engine deploys; the domain's hosted zone exists in the emulator. Raises SettingsError."""
        settings, given = self._read(), self._overrides()
        replaced: dict[str, Any] = {"issuers": self._trusted(settings)}
        if endpoint and settings.domain.name and settings.domain.zone_id:
            zone = hosted_zone.require(Provider(endpoint).connection, settings.domain.zone_id, settings.domain.name)
            replaced["domain.zoneId"] = zone
        replaced |= {key: value for key, value in _of_this_machine(settings).items() if key not in given}
        for key, value in replaced.items():
            given.pop(key, None)  # the last override applies
            given[key] = _as_text(value)
        state = StateFolder(self.state)
        return Target(root=self.root, state=state, endpoint=endpoint, stack=self.stack, overrides=given)

    def _read(self) -> StackSettings:
        file = stack_file.read(self.root, self.stack, self._overrides())
        settings = load(file.project, file.stack, file.values)
        if unsupported := tuple(unsupported_settings(settings)):
            raise SettingsError.of(file.project, file.stack, unsupported)
        return settings

    def _trusted(self, settings: StackSettings) -> list[Issuer]:
        if not settings.issuers:
            raise StartError("the local stack needs an issuer in gatehouse:issuers, for the development tokens")
        first, *others = settings.issuers
        return [msgspec.structs.replace(first, url=self.issuer_url), *others, *self.issuers]

    def _overrides(self) -> dict[str, str]:
        return {key: _as_text(value) for key, value in self.settings.items()}


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """A stack whose API answers requests."""

    name: str
    engine: Engine
    emulator: Emulator
    issuer: DevelopmentIssuer
    exports: Mapping[str, Any]

    def status(self, pid: int) -> StackStatus:
        """Return the stack's description for `python -m local status`; `pid` is the process that runs the stack."""
        return StackStatus(
            pid=pid,
            issuer=self.issuer.url,
            stack=self.name,
            engine=self.engine,
            endpoint=self.emulator.endpoint_url,
            logs={"functions": str(self.emulator.options.functions_log), "emulator": str(self.emulator.options.log)},
            **described(self.exports, self.emulator.endpoint_url),
        )

    def wait(self, on_poll: Callable[[], None], interval: float = 0.1) -> int | None:
        """Wait until the emulator exits by itself, and return its exit status."""
        while self.emulator.running:
            on_poll()
            time.sleep(interval)
        return self.emulator.process.returncode


@contextmanager
def running_stack(
    options: StackOptions, on_phase: Callable[[str], None], on_step: Callable[[Step], None]
) -> Generator[RunningStack]:
    """Start the stack, and stop it when the context ends.

    `on_phase` is called with a line for each phase of the start, `on_step` with each step of the local engine.

    Raises:
        StartError: A port is in use, or an update of a stack that was stopped is still running.
        SettingsError: The stack file is invalid; it is checked before anything is started.
        EmulatorError: The emulator could not be started.
        DeploymentError: The local engine could not deploy the program.
        PulumiError: The Pulumi CLI is not installed, or could not deploy the program.
    """
    first = options.trusted_issuers()[0]
    issuer = DevelopmentIssuer(first.url, first.audiences[0])
    options.engine.require_installed()
    _require_free_ports(options)
    launch.require_installed()
    with contextlib.ExitStack() as stack:
        with _deploying(StateFolder(options.state)) as state:
            state.forget_resources()
            stack.enter_context(IssuerServer(issuer, options.issuer_port))
            on_phase("Starting the emulator")
            emulator = stack.enter_context(launch.start(launch.Options(state=options.state, port=options.port)))
            on_phase("Building the bundles and deploying the program")
            target = options.target(emulator.endpoint_url)
            deploy.up(options.engine, target, on_step)
        exports = target.exports()
        gc.collect()  # in a large stack that takes seconds, in which the issuer, a thread, would not answer
        yield RunningStack(name=options.stack, engine=options.engine, emulator=emulator, issuer=issuer, exports=exports)


def _of_this_machine(settings: StackSettings) -> dict[str, Any]:
    """Return settings that replace those for AWS: the processor of functions, and the account, if it is checked."""
    account = {"provider.accountIds": [DEFAULT_ACCOUNT]} if settings.provider.account_ids else {}
    return {"functions.architecture": "host", **account}


def _as_text(value: object) -> str:
    """Return a setting as Pulumi passes it to the program: strings unchanged, all other values as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


@contextmanager
def _deploying(state: StateFolder) -> Generator[StateFolder]:
    """Hold the lock of deployments: an update of a stack that was stopped meanwhile could change the new one."""
    try:
        with state.deploying():
            yield state
    except AlreadyRunning:
        raise StartError("an update of the previous stack is still running; try again when it is done") from None


def _require_free_ports(options: StackOptions) -> None:
    for port, service in ((options.port, "the API"), (options.issuer_port, "the issuer")):
        if not launch.is_free(port):
            raise StartError(f"port {port} (for {service}) is in use; choose another with --port N (make local PORT=N)")
