"""Bringing the stack up on this machine: the issuer, the emulator, and the program deployed into it."""

import contextlib
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from authorizer import settings
from infra import stack_file
from infra.settings import load
from local import environments
from local.emulator.launch import Emulator, Options, is_free, start
from local.engine import Deployment, Resource, deploy
from local.issuer import HOST, Issuer, IssuerServer, TokenRequest
from local.provider import Provider
from local.state import Running

STACK = "local"
DEFAULT_PORT = 4566


class UpFailed(Exception):
    """The stack could not be brought up; the message is one line that says what to do."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where the stack is to run: the project's root, a folder for its state, and the ports.

    The issuer listens on the port after the API's. `without` names corrections of the emulator that are left out.
    `issuers` are trusted besides the stack file's own, and `settings` take the place of the file's, by name.
    """

    root: Path
    state: Path
    port: int = DEFAULT_PORT
    without: tuple[str, ...] = ()
    issuers: tuple[settings.Issuer, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def issuer_port(self) -> int:
        """The development issuer's port."""
        return self.port + 1


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack that is up."""

    deployment: Deployment
    emulator: Emulator
    issuer: Issuer
    plan: Plan

    def describe(self, pid: int) -> Running:
        """What `status` tells of it; `pid` is the process that holds it."""
        exports = self.deployment.exports
        return Running(
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

    def sample_token(self) -> str:
        """A token that may do everything, for the line that is printed at the start."""
        scopes = " ".join(f"{name}:{verb}" for name in self.deployment.exports["tables"] for verb in ("read", "write"))
        return self.issuer.token(TokenRequest(scope=scopes))


@contextmanager
def stack_up(plan: Plan, say: Callable[[str], None], made: Callable[[Resource], None]) -> Generator[Stack]:
    """The stack, up for as long as the context lasts; whatever was started is ended with it.

    `say` is told each step, `made` each resource. Raises UpFailed, or what the emulator and the engine raise.
    """
    configured = _configured_issuer(plan)
    issuer = Issuer(configured.url, configured.audiences[0])
    _require_free_ports(plan)
    environments.ensure(environments.EMULATOR, say)
    with contextlib.ExitStack() as stack:
        stack.enter_context(IssuerServer(issuer, plan.issuer_port))
        say("Starting the emulator")
        options = Options(state=plan.state, port=plan.port, without=plan.without)
        emulator = stack.enter_context(start(options))
        say("Building the bundles and deploying the program")
        provider = Provider(emulator.endpoint_url, region=options.region, account=options.account)
        deployment = deploy(plan.root, STACK, provider, _overrides(plan, configured), made)
        yield Stack(deployment=deployment, emulator=emulator, issuer=issuer, plan=plan)


def wait_for_end(emulator: Emulator, each_time: Callable[[], None], interval: float = 0.1) -> int | None:
    """Waits until the emulator ends by itself, and gives its exit status."""
    while emulator.running:
        each_time()
        time.sleep(interval)
    return emulator.process.returncode


def _configured_issuer(plan: Plan) -> settings.Issuer:
    """The stack file's issuer, at its port. Raises SettingsError for the file's every mistake."""
    file = stack_file.read(plan.root, STACK)
    configured = load(file.project, STACK, file.values).issuers[0]
    return msgspec.structs.replace(configured, url=f"http://{HOST}:{plan.issuer_port}")


def _overrides(plan: Plan, issuer: settings.Issuer) -> dict[str, str]:
    """The stack file names the issuer at its default port; at another one, its address has to follow."""
    given = {"issuers": [issuer, *plan.issuers], **plan.settings}
    return {f"gatehouse:{name}": _as_text(value) for name, value in given.items()}


def _as_text(value: object) -> str:
    """A setting's value as Pulumi passes it: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _require_free_ports(plan: Plan) -> None:
    for port, what in ((plan.port, "the API"), (plan.issuer_port, "the issuer")):
        if not is_free(port):
            raise UpFailed(f"port {port} (for {what}) is in use; choose another with --port N (make local PORT=N)")
