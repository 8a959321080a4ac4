"""The commands: `python -m local up | preview | down | status | token | key | secret | revoke | restore | plan`."""

import argparse
import json
import os
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any, NoReturn, cast

import msgspec

from infra import revoke, stack_file
from infra.packaging.bundles import ROOT, BundleError
from infra.restore import command as restore
from infra.restore.errors import RestoreError
from infra.restore.point import Clients as RestoreClients
from infra.stack_file import SettingsError
from local.console import CONSOLE, AddCommand, CommandError
from local.deploy import DEFAULT_STACK, Engine, exports
from local.emulator.launch import DEFAULT_PORT, EmulatorError
from local.engine import DeploymentError
from local.engine.values import revealed
from local.issuer import ALGORITHMS, DEFAULT_TTL, TokenRequest
from local.plans import plan_command
from local.processes import process_exists, wait_until
from local.provider import Provider
from local.pulumi_cli import PulumiError
from local.running_stack import StackOptions, StartError
from local.state_folder import FOLDER, StackStatus, StateFolder
from local.up import detached, foreground, update

EXPECTED_ERRORS = (
    BundleError,
    DeploymentError,
    EmulatorError,
    PulumiError,
    RestoreError,
    SettingsError,
    StartError,
    revoke.RevokeError,
)
"""Errors that are reported without a traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 for success, 1 for a failure, 2 for invalid arguments."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except (CommandError, *EXPECTED_ERRORS) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    return status


def _fail(reason: str) -> int:
    sys.stderr.write(f"gatehouse: {reason}\n")
    return 1


def up(options: argparse.Namespace) -> int:
    """Start the stack, in the foreground or detached, or update the running one."""
    if running := StateFolder().running():
        port = _port_of(running)
        if options.port not in (None, port):
            raise CommandError(
                f"the stack is up at port {port}; to change the port, stop it with `python -m local down`"
            )
        return update.update(_stack_options(options, port, running), running, CONSOLE)
    port = options.port or DEFAULT_PORT
    if options.detach:
        overrides = (f"--config={key}={value}" for key, value in options.overrides.items())
        arguments = [f"--stack={options.stack or DEFAULT_STACK}", f"--port={port}", f"--engine={options.engine}"]
        return detached.start([*arguments, *overrides], StateFolder(), CONSOLE)
    return foreground.run(_stack_options(options, port), StateFolder(), CONSOLE)


def preview(options: argparse.Namespace) -> int:
    """Show what `up` would change."""
    running = StateFolder().running()
    port = _port_of(running) if running else DEFAULT_PORT
    return update.preview(_stack_options(options, port, running), running, CONSOLE)


def _stack_options(options: argparse.Namespace, port: int, running: StackStatus | None = None) -> StackOptions:
    stack = options.stack or (running.stack if running else DEFAULT_STACK)
    if running and stack != running.stack:
        raise CommandError(f"the stack {running.stack} is running; stop it with `python -m local down`")
    return StackOptions(
        root=ROOT, state=FOLDER, stack=stack, port=port, engine=Engine(options.engine), settings=options.overrides
    )


def _port_of(running: StackStatus) -> int:
    return cast("int", urllib.parse.urlsplit(running.endpoint).port)


def down(_: argparse.Namespace) -> int:
    """Stop the running stack."""
    pid = StateFolder().holder()
    if pid is None:
        raise CommandError("no stack is running")
    os.kill(pid, signal.SIGTERM)
    if not wait_until(lambda: not process_exists(pid), seconds=detached.STOP_TIMEOUT):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not process_exists(pid), seconds=5)
    CONSOLE.print("The stack is down.")
    return 0


def status(options: argparse.Namespace) -> int:
    """Print the running stack's addresses, resources and log files."""
    running = _running()
    fields: dict[str, Any] = msgspec.to_builtins(running)
    if options.json or options.url:
        sys.stdout.write((running.url if options.url else json.dumps(fields, indent=2)) + "\n")
        return 0
    for name, value in fields.items():
        named = cast("dict[str, str]", value) if isinstance(value, dict) else {"": value}
        # Only the ids of clients do not contain the names.
        texts = [f"{key}: {each}" if name == "clients" else str(each) for key, each in named.items()]
        if value:
            CONSOLE.print(f"{name:10} {', '.join(texts)}")
    return 0


def token(options: argparse.Namespace) -> int:
    """Print a token of the development issuer and nothing else."""
    running = _running()
    form = {
        "sub": options.sub, "client_id": options.client, "ttl": options.ttl, "alg": options.alg,
        "scope": running.scopes if options.scope is None else options.scope,
        "claims": json.dumps(dict(options.claim)),
    }  # fmt: skip
    request = urllib.request.Request(f"{running.issuer}/token", urllib.parse.urlencode(form).encode())  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - the state file's address, on loopback
            sys.stdout.write(json.load(response)["access_token"] + "\n")
    except urllib.error.HTTPError as response:
        reason = json.load(response)["error_description"]
        raise CommandError(f"the issuer rejected the request: {reason}") from None
    return 0


def show_key(options: argparse.Namespace) -> int:
    """Print a client's API key and nothing else."""
    _running()
    keys = cast("dict[str, dict[str, str]]", revealed(exports(StateFolder()).get("apiKeys", {})))
    key = keys.get(options.issuer, {}).get(options.client)
    if key is None:
        clients = ", ".join(f"{client} of {issuer}" for issuer, listed in keys.items() for client in listed)
        known = f"clients with a key: {clients}" if clients else "set gatehouse:usage.keys to header, and add plans"
        raise CommandError(f"client {options.client} of issuer {options.issuer} has no API key; {known}")
    sys.stdout.write(key + "\n")
    return 0


def show_secret(options: argparse.Namespace) -> int:
    """Print the secret of a machine of the user pool and nothing else."""
    _running()
    secrets = cast("dict[str, str]", revealed(exports(StateFolder()).get("clientSecrets", {})))
    if options.client not in secrets:
        known = ", ".join(sorted(secrets)) or "none; add machines to gatehouse:identity"
        raise CommandError(f"client {options.client} has no secret; clients with one: {known}")
    sys.stdout.write(secrets[options.client] + "\n")
    return 0


def revoke_tokens(options: argparse.Namespace) -> int:
    """Revoke tokens in the running stack."""
    running = _running()
    clients = revoke.Clients.of(Provider(running.endpoint).connection.client)
    stack = revoke.DeployedStack.read(ROOT, running.stack, options.overrides)
    # Locally a decision is cached immediately, so there is no need to wait before the cache is flushed again.
    revoke.print_lines(revoke.revoke(stack, clients, revoke.request_of(options), pause=lambda _: None))
    return 0


def restore_tables(options: argparse.Namespace) -> int:
    """Restore tables of the running stack."""
    running = _running()
    client = Provider(running.endpoint).connection.client
    names = revoke.DeployedStack.read(ROOT, running.stack).names
    return restore.run(options, names, RestoreClients(client("dynamodb"), client("backup")))


def _running() -> StackStatus:
    running = StateFolder().running()
    if running is None:
        raise CommandError("no stack is running; start one with `python -m local up`")
    return running


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Report invalid arguments in one line."""
        self.exit(2, f"gatehouse: {message}; see `{self.prog} --help`\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m local", description="Run the API on this machine, without a cloud account.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def add_command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(run=run)
        return command

    _add_stack_commands(add_command)
    _add_token_commands(add_command)
    restore.add_arguments(add_command("restore", restore_tables, "restore tables of the running stack"))
    plan_command.add(add_command)
    return parser


def _add_stack_commands(add_command: AddCommand) -> None:
    command = add_command("up", up, "start the stack (Ctrl-C stops it), or update the running one")
    command.add_argument("--detach", action="store_true", help="return when the stack is running, and leave it running")
    command.add_argument("--port", type=_port, metavar="N",
                         help=f"the port of the API ({DEFAULT_PORT}); the issuer uses the next one")  # fmt: skip
    _add_deployment_options(command)
    _add_deployment_options(add_command("preview", preview, "show what `up` would change"))
    add_command("down", down, "stop the running stack")
    command = add_command("status", status, "show the running stack's addresses, resources and log files")
    output = command.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON")
    output.add_argument("--url", action="store_true", help="print only the API's URL")


def _add_deployment_options(command: argparse.ArgumentParser) -> None:
    text = f"the stack file: dev, prod, … ({DEFAULT_STACK}, or that of the running stack)"
    command.add_argument("--stack", type=plan_command.stack_name, help=text)
    text = "what deploys the program: the project's own engine, or the Pulumi CLI (%(default)s)"
    command.add_argument("--engine", choices=[each.value for each in Engine], default=Engine.LOCAL.value, help=text)
    stack_file.add_options(command)


def _add_token_commands(add_command: AddCommand) -> None:
    command = add_command("token", token, "print a token of the development issuer")
    command.add_argument("--sub", type=_printable, default=TokenRequest.subject, help="the subject (%(default)s)")
    command.add_argument("--scope", type=_printable, help='the scopes ("items:read items:write"); by default, all')
    command.add_argument("--client", type=_printable, default=TokenRequest.client, help="the client_id (%(default)s)")
    command.add_argument("--ttl", type=int, default=DEFAULT_TTL, metavar="SECONDS", help="the lifetime (%(default)s)")
    command.add_argument(
        "--claim", type=_claim, action="append", default=[], metavar="K=V", help="another claim; V may be JSON"
    )
    command.add_argument(
        "--alg", choices=ALGORITHMS, default=TokenRequest.algorithm, help="the signature algorithm (%(default)s)"
    )
    command = add_command("key", show_key, "print the API key that a client sends in x-api-key")
    command.add_argument("--client", default=TokenRequest.client, help="the client_id (%(default)s)")
    command.add_argument("--issuer", default=DEFAULT_STACK, help="the name of the client's issuer (%(default)s)")
    command = add_command("secret", show_secret, "print the secret of a machine of the stack's user pool")
    command.add_argument("--client", required=True, metavar="NAME", help="the machine's name in the settings")
    command = add_command("revoke", revoke_tokens, "revoke tokens in the running stack")
    stack_file.add_options(command)
    revoke.add_arguments(command)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1024 <= int(text) <= 65534:  # noqa: PLR2004  the unprivileged ports; the issuer needs the next one
        return int(text)
    raise argparse.ArgumentTypeError(f"invalid port {text!r}: must be 1024 to 65534")


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    raise argparse.ArgumentTypeError(f"{text!a} contains characters that cannot be printed")


def _claim(text: str) -> tuple[str, Any]:
    name, separator, value = _printable(text).partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"invalid claim {text!r}: must have the form K=V")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value
