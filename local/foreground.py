"""The stack in the foreground: progress while it starts, how to call it, then the handlers' logs until it ends."""

import json
import os
import time
from functools import partial
from typing import NoReturn, cast

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from local.ending import end_at_signals, ignore_signals
from local.engine import Resource
from local.following import Follower
from local.state import AlreadyRunning, Running, State
from local.up import Plan, UpFailed, stack_up, wait_for_end


def run(plan: Plan, state: State, console: Console) -> int:
    """Runs the stack until the emulator's own end; a signal ends the process. Raises what keeps it from coming up."""
    try:
        lock = state.hold()
    except AlreadyRunning:
        raise UpFailed("a stack is coming up or up already; stop it with `python -m local down`") from None
    with lock:
        end_at_signals(state.clear)
        try:
            _run(plan, state, console)
        finally:
            ignore_signals()
            state.clear()


def _run(plan: Plan, state: State, console: Console) -> NoReturn:
    started = time.perf_counter()
    progress = console.status("Starting")
    follower = Follower(plan.state / "functions.log")
    with progress, stack_up(plan, partial(_say, console, progress), partial(_show, progress)) as stack:
        described = stack.describe(os.getpid())
        state.write(described)
        progress.stop()
        _greet(console, described, stack.sample_token(), time.perf_counter() - started)
        status = wait_for_end(stack.emulator, lambda: _print_new(console, follower))
        raise UpFailed(f"the emulator ended by itself (status {status}); see {stack.emulator.options.log}")


def _say(console: Console, progress: Status, text: str) -> None:
    if not console.is_terminal:
        console.print(text)
    progress.update(text)


def _show(progress: Status, resource: Resource) -> None:
    if resource.custom:
        progress.update(f"Made {resource.type} [bold]{escape(resource.name)}[/bold]")


def _greet(console: Console, running: Running, token: str, seconds: float) -> None:
    collection = "items" if "items" in running.tables else next(iter(running.tables))
    console.print(f"[bold green]Up[/bold green] in {seconds:.1f} s: the program of `pulumi up`, in an emulator of AWS.")
    console.print(f"  API     {running.url}", markup=False)
    console.print(f"  Issuer  {running.issuer}", markup=False)
    console.print(f"  Logs    {', '.join(running.logs.values())}", markup=False)
    console.print(
        f"\nTry it:\n  curl -i -w '\\n' {running.url}/{collection} -H 'Authorization: Bearer {token}'", markup=False
    )
    console.print("\nCtrl-C ends it. What the functions log follows.", markup=False)


def _print_new(console: Console, follower: Follower) -> None:
    for line in follower.lines():
        if (shown := readable(line)) is not None:
            console.print(shown, markup=False)


def readable(line: str) -> str | None:
    """What is shown of a function's line; the file keeps all of it.

    The description of metrics is for CloudWatch. Raising "Unauthorized" is how an authorizer answers 401, and the line
    before it has said why.
    """
    name, separator, text = line.partition(" | ")
    try:
        told = json.loads(text)
    except ValueError:
        return line
    if not isinstance(told, dict):
        return line
    kept = {key: value for key, value in cast("dict[str, object]", told).items() if key != "_aws"}
    return None if kept.get("errorMessage") == "Unauthorized" else f"{name}{separator}{json.dumps(kept)}"
