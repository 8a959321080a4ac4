"""The stack in the foreground: progress while it starts, how to call it, then the handlers' logs until it ends."""

import os
import signal
import time
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from local.engine import Resource
from local.following import Follower
from local.state import AlreadyRunning, State
from local.up import Plan, Stack, UpFailed, stack_up, wait_for_end


class _Stopped(Exception):
    """Somebody asked for the end."""


def run(plan: Plan, state: State, console: Console) -> int:
    """Runs the stack until Ctrl-C, `down` or the emulator's own end. Raises what keeps it from coming up."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        lock = state.hold()
    except AlreadyRunning:
        raise UpFailed("a stack is coming up or up already; stop it with `python -m local down`") from None
    with lock:
        try:
            return _run(plan, state, console)
        except _Stopped:
            console.print("Stopping.")
            return 0
        finally:
            _ignore_signals()
            state.clear()


def _run(plan: Plan, state: State, console: Console) -> int:
    started = time.perf_counter()
    progress = console.status("Starting")
    follower = Follower(plan.state / "functions.log")
    with (
        progress,
        stack_up(plan, lambda text: _say(console, progress, text), lambda made: _show(progress, made)) as stack,
    ):
        state.write(stack.describe(os.getpid()))
        progress.stop()
        _greet(console, stack, time.perf_counter() - started)
        status = wait_for_end(stack.emulator, lambda: _print_new(console, follower))
        raise UpFailed(f"the emulator ended by itself (status {status}); see {stack.emulator.options.log}")


def _say(console: Console, progress: Status, text: str) -> None:
    if not console.is_terminal:
        console.print(text)
    progress.update(text)


def _show(progress: Status, resource: Resource) -> None:
    if resource.custom:
        progress.update(f"Made {resource.type} [bold]{escape(resource.name)}[/bold]")


def _greet(console: Console, stack: Stack, seconds: float) -> None:
    described = stack.describe(os.getpid())
    console.print(
        f"[bold green]Up[/bold green] in {seconds:.1f} s: the program of `pulumi up`, against an emulator of AWS."
    )
    console.print(f"  API     {described.url}")
    console.print(f"  Issuer  {described.issuer}")
    console.print(f"  Logs    {described.logs['functions']}, {described.logs['emulator']}")
    console.print("\nTry it:")
    for name in described.tables:
        console.print(
            f"  curl -i {described.url}/{name} -H 'Authorization: Bearer {stack.sample_token()}'", markup=False
        )
        break
    console.print("\nCtrl-C ends it. What the functions log follows.")


def _print_new(console: Console, follower: Follower) -> None:
    for line in follower.lines():
        console.print(line, markup=False)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped


def _ignore_signals() -> None:
    """A second Ctrl-C must not interrupt the clean-up."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
