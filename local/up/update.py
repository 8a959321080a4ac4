"""`python -m local up` while the stack is running: update it. `preview`: show what that would change."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from rich.console import Console

from infra.changes import Change, as_text
from infra.interrupts import INTERRUPTED, interruptible
from local import deploy
from local.running_stack import StackOptions, StartError
from local.state_folder import AlreadyRunning, StackStatus, StateFolder, described

_BUSY = StartError("another `up` or `preview` is working on the stack; try again when it is done")


def update(options: StackOptions, running: StackStatus, console: Console) -> int:
    """Deploy the program into the running stack, and return an exit status.

    Raises:
        StartError: The running stack is being updated already.
        SettingsError: The stack's settings are invalid.
        DeploymentError: The local engine failed.
        PulumiError: The Pulumi CLI failed.
    """
    started = time.perf_counter()
    state = StateFolder(options.state)
    try:
        with interruptible(), state.deploying():
            target = options.target(running.endpoint)
            changes = deploy.up(options.engine, target)
            fields = described(target.exports(), running.endpoint)
            status = msgspec.structs.replace(running, engine=options.engine, **fields)
            state.write(status)
    except AlreadyRunning:
        raise _BUSY from None
    except KeyboardInterrupt:
        sys.stderr.write("gatehouse: interrupted; the next `up` continues from here\n")
        return INTERRUPTED
    _print(changes, console, done=True)
    console.print(f"Updated in {time.perf_counter() - started:.1f} s: {status.url}", markup=False)
    return 0


def preview(options: StackOptions, running: StackStatus | None, console: Console) -> int:
    """Show what `up` would change in the running stack, or create if none is running; return an exit status.

    Raises the errors of `update`.
    """
    try:
        with interruptible():  # the Pulumi CLI must not continue without this process
            changes = _previewed(options, running)
    except AlreadyRunning:
        raise _BUSY from None
    except KeyboardInterrupt:
        sys.stderr.write("gatehouse: interrupted\n")
        return INTERRUPTED
    _print(changes, console)
    return 0


def _previewed(options: StackOptions, running: StackStatus | None) -> list[Change] | None:
    if running is None:
        with TemporaryDirectory() as folder:
            return deploy.preview(options.engine, replace(options, state=Path(folder)).target(None))
    with StateFolder(options.state).deploying():
        return deploy.preview(options.engine, options.target(running.endpoint))


def _print(changes: list[Change] | None, console: Console, *, done: bool = False) -> None:
    if changes is not None:
        console.print(as_text(changes, done=done), markup=False)
