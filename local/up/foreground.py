"""`python -m local up` in the foreground: show progress, a sample request, and the functions' logs until it stops."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import NoReturn, cast

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from local.deploy import Engine
from local.engine import Step
from local.issuer import TokenRequest
from local.processes import exit_on_signals, ignore_signals
from local.running_stack import StackOptions, StartError, running_stack
from local.state_folder import AlreadyRunning, StackStatus, StateFolder


def run(options: StackOptions, state: StateFolder, console: Console) -> NoReturn:
    """Run the stack until a signal ends the process.

    Raises:
        StartError: The stack cannot be started, or stopped unexpectedly.
    """
    try:
        lock = state.lock()
    except AlreadyRunning:
        raise StartError("a stack is starting or running already; stop it with `python -m local down`") from None
    with lock:
        exit_on_signals(state.clear)
        try:
            _run(options, state, console)
        finally:
            ignore_signals()
            state.clear()


def _run(options: StackOptions, state: StateFolder, console: Console) -> NoReturn:
    started = time.perf_counter()
    progress = console.status("Starting")
    with (
        # The Pulumi CLI shows its own progress.
        progress if options.engine is Engine.LOCAL else nullcontext(),
        running_stack(options, partial(_show_phase, console, progress), partial(_show_step, progress)) as stack,
    ):
        status = stack.status(os.getpid())
        state.write(status)
        progress.stop()
        token = stack.issuer.token(TokenRequest(scope=status.scopes))
        _print_summary(console, status, token, time.perf_counter() - started)
        emulator = stack.emulator.options
        follower = LogFollower(emulator.functions_log)
        exit_status = stack.wait(lambda: _print_new_lines(console, follower))
        raise StartError(f"the emulator exited unexpectedly (status {exit_status}); see {emulator.log}")


def _show_phase(console: Console, progress: Status, text: str) -> None:
    if not console.is_terminal:
        console.print(text)
    progress.update(text)


def _show_step(progress: Status, step: Step) -> None:
    resource = step.resource
    if resource.custom and not resource.is_provider:
        progress.update(f"Created {resource.type} [bold]{escape(resource.name)}[/bold]")


def _print_summary(console: Console, status: StackStatus, token: str, seconds: float) -> None:
    collection = "items" if "items" in status.tables else next(iter(status.tables))
    console.print(f"[bold green]Up[/bold green] in {seconds:.1f} s: the program of `pulumi up`, in an AWS emulator.")
    console.print(f"  API     {status.url}", markup=False)
    if status.domain:
        console.print(f"  Domain  {status.domain} (in AWS; the name does not lead to this machine)", markup=False)
    console.print(f"  Issuer  {status.issuer}", markup=False)
    console.print(f"  Logs    {', '.join(status.logs.values())}", markup=False)
    console.print(
        f"\nTry it:\n  curl -i -w '\\n' {status.url}/{collection} -H 'Authorization: Bearer {token}'", markup=False
    )
    console.print("\nPress Ctrl-C to stop. The functions' logs follow.", markup=False)


class LogFollower:
    """Reads the lines that are appended to a file, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._partial = ""

    def new_lines(self) -> Iterator[str]:
        """Return the complete lines that were appended since the last call."""
        try:
            with self._path.open(errors="replace") as file:
                file.seek(self._position)
                text = self._partial + file.read()
                self._position = file.tell()
        except FileNotFoundError:
            return
        *lines, self._partial = text.split("\n")
        yield from lines


def _print_new_lines(console: Console, follower: LogFollower) -> None:
    for line in follower.new_lines():
        if (text := displayed(line)) is not None:
            console.print(text, markup=False)


def displayed(line: str) -> str | None:
    """Return what the terminal shows of a function's log line, or None for nothing; the log file keeps everything.

    The description of metrics (`_aws`) is for CloudWatch. An authorizer that raises "Unauthorized" has logged the
    reason in the line before.
    """
    name, separator, text = line.partition(" | ")
    try:
        record = json.loads(text)
    except ValueError:
        return line
    if not isinstance(record, dict):
        return line
    fields = {key: value for key, value in cast("dict[str, object]", record).items() if key != "_aws"}
    return None if fields.get("errorMessage") == "Unauthorized" else f"{name}{separator}{json.dumps(fields)}"
