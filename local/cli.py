"""The commands: `python -m local up | down | status | token | revoke | plan`."""

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
from rich.console import Console

from infra import revoke
from infra.bundles import ROOT, BundleError
from infra.stack_file import SettingsError
from local import detached, environments, foreground
from local.deployment import DeploymentError
from local.emulator.launch import EmulatorError, process_exists
from local.issuer import ALGORITHMS, DEFAULT_TTL, TokenRequest
from local.plan import plan, records, tree
from local.provider import Provider
from local.state import FOLDER, AlreadyRunning, Running, State
from local.up import DEFAULT_PORT, Plan, UpFailed
from local.waiting import wait_until

EXPECTED = (
    AlreadyRunning, BundleError, DeploymentError, EmulatorError, SettingsError, UpFailed,
    environments.EnvironmentFailed, revoke.RevokeError,
)  # fmt: skip
"""What can go wrong through no fault of the code: told in a line, without a traceback."""

ROOMY = Console(soft_wrap=True, highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; 0 if it did what was asked, 1 if it could not, 2 if it was asked wrongly."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except EXPECTED as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    return status


def fail(reason: str) -> int:
    """Says on standard error why nothing was done."""
    sys.stderr.write(f"gatehouse: {reason}\n")
    return 1


def up(options: argparse.Namespace) -> int:
    """Brings the stack up, in the foreground or detached."""
    if running := State().running():
        return fail(f"a stack is up already at {running.url}; stop it with `python -m local down`")
    if options.detach:
        return detached.start(options.port, State(), ROOMY)
    return foreground.run(Plan(root=ROOT, state=FOLDER, port=options.port), State(), ROOMY)


def down(_: argparse.Namespace) -> int:
    """Stops the stack that is up."""
    state = State()
    pid = state.holder()
    if pid is None:
        return fail("nothing is up")
    os.kill(pid, signal.SIGTERM)
    if not wait_until(lambda: not process_exists(pid), seconds=15):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not process_exists(pid), seconds=5)
    ROOMY.print("The stack is down.")
    return 0


def status(options: argparse.Namespace) -> int:
    """Tells what is up."""
    running = State().running()
    if running is None:
        return fail("nothing is up; start it with `python -m local up`")
    described: dict[str, Any] = msgspec.to_builtins(running)
    if options.json or options.url:
        sys.stdout.write((running.url if options.url else json.dumps(described, indent=2)) + "\n")
        return 0
    for name, value in described.items():
        several = cast("dict[str, str]", value).values() if isinstance(value, dict) else (value,)
        ROOMY.print(f"{name:10} {', '.join(str(each) for each in several)}")
    return 0


def token(options: argparse.Namespace) -> int:
    """Prints a token of the development issuer and nothing else."""
    running = State().running()
    if running is None:
        return fail("nothing is up, so there is no issuer; start it with `python -m local up`")
    form = {
        "sub": options.sub, "client_id": options.client, "ttl": options.ttl, "alg": options.alg,
        "scope": " ".join(all_scopes(running)) if options.scope is None else options.scope,
        "claims": json.dumps(dict(options.claim)),
    }  # fmt: skip
    request = urllib.request.Request(f"{running.issuer}/token", urllib.parse.urlencode(form).encode())  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  the address is the state file's, on loopback
            sys.stdout.write(json.load(answer)["access_token"] + "\n")
    except urllib.error.HTTPError as refused:
        return fail(f"the issuer gave no token: {json.load(refused)['error_description']}")
    return 0


def revoke_tokens(options: argparse.Namespace) -> int:
    """Makes tokens of the running stack count no more."""
    running = State().running()
    if running is None:
        return fail("nothing is up; start it with `python -m local up`")
    connection = Provider(running.endpoint).connection
    clients = revoke.Clients(connection.client("dynamodb"), connection.client("apigateway"))
    stack = revoke.DeployedStack.read(ROOT, running.stack)
    # On one machine nothing is on its way into the cache for longer than it takes to call this.
    revoke.print_lines(revoke.revoke(stack, clients, revoke.request_of(options), pause=lambda _: None))
    return 0


def all_scopes(running: Running) -> list[str]:
    """Every scope of the running API."""
    return [f"{name}:{verb}" for name in running.tables for verb in ("read", "write")]


def show_plan(options: argparse.Namespace) -> int:
    """Prints what a stack would be made of."""
    deployment = plan(ROOT, options.stack)
    if options.json:
        sys.stdout.write(json.dumps(records(deployment), indent=2) + "\n")
    else:
        ROOMY.print(tree(deployment))
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, as every other failure."""
        self.exit(2, f"gatehouse: {message}; see `{self.prog} --help`\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m local", description="The whole API on this machine: the same program, no cloud.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.set_defaults(run=run)
        return added

    added = command("up", up, "bring the stack up; Ctrl-C ends it")
    added.add_argument("--detach", action="store_true", help="return when it is up, and leave it running")
    added.add_argument("--port", type=_port, default=DEFAULT_PORT, metavar="N",
                       help=f"the API's port ({DEFAULT_PORT}); the issuer takes the next one")  # fmt: skip
    command("down", down, "stop the stack that is up")
    added = command("status", status, "tell what is up and where its logs are")
    form = added.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--url", action="store_true", help="only the API's address")
    added = command("token", token, "print a token of the development issuer")
    added.add_argument(
        "--sub", type=_text, default=TokenRequest.subject, help="the subject, whose data it is (%(default)s)"
    )
    added.add_argument(
        "--scope", type=_text, help='the scopes, space separated ("items:read items:write"); all, unless given'
    )
    added.add_argument("--client", type=_text, default=TokenRequest.client, help="the client_id (%(default)s)")
    added.add_argument(
        "--ttl", type=int, default=DEFAULT_TTL, metavar="SECONDS", help="how long it lives (%(default)s)"
    )
    added.add_argument(
        "--claim", type=_claim, action="append", default=[], metavar="K=V", help="any claim; V may be JSON"
    )
    added.add_argument(
        "--alg", choices=ALGORITHMS, default=TokenRequest.algorithm, help="the signature's algorithm (%(default)s)"
    )
    added = command("revoke", revoke_tokens, "make tokens of the running stack count no more, from this moment on")
    revoke.add_arguments(added)
    added = command("plan", show_plan, "print the resources of a stack; needs no network, credentials or emulator")
    added.add_argument("--stack", type=_stack, default="local", help="dev, prod, local, … (local)")
    added.add_argument("--json", action="store_true", help="a list of {type, name, parent, protect, inputs}")
    return parser


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1024 <= int(text) <= 65534:  # noqa: PLR2004  the unprivileged ports, less one
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port; allowed is 1024 to 65534")


def _text(text: str) -> str:
    if text.isprintable():
        return text
    raise argparse.ArgumentTypeError(f"{text!a} has characters that cannot be printed")


def _stack(text: str) -> str:
    if text and "/" not in text:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no stack's name")


def _claim(text: str) -> tuple[str, Any]:
    name, separator, value = _text(text).partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form K=V")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value
