"""Run a Pulumi program once: isolated from the developer's environment, in a fixed order, to its end or first failure.

`deploy` deploys a project's stack or previews that; `run` is its general form.
"""

import asyncio
import runpy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from pulumi import RunError
from pulumi.runtime import set_all_config
from pulumi.runtime.settings import Settings, configure, set_root_resource
from pulumi.runtime.stack import run_in_stack

from infra import stack_file
from local.engine.checkpoint import Checkpoint
from local.engine.deployment import Deployment, ProgramError, Step
from local.engine.engine import Engine
from local.engine.interrupts import handled_interrupts
from local.engine.isolation import InlineExecutor, isolated_environment, note_location, task_factory
from local.engine.monitor import EngineLog, ResourceMonitor
from local.engine.operations import Operations
from local.engine.providers import DefaultProviders
from local.engine.sdk import fast_sdk
from local.engine.snapshot import Snapshot
from local.provider.state import Provider


def deploy(
    root: Path,
    stack: str,
    provider: Provider,
    overrides: Mapping[str, str] | None = None,
    *,
    checkpoint: Path | None = None,
    preview: bool = False,
    on_step: Callable[[Step], None] | None = None,
) -> Deployment:
    """Run a project's program for a stack, and create, change and delete resources as it requires.

    Args:
        root: The folder that contains Pulumi.yaml and `__main__.py`.
        stack: The stack's name; its settings are in `Pulumi.<stack>.yaml`.
        provider: Manages the resources.
        overrides: Settings that replace those of the stack file (infra/stack_file.py).
        checkpoint: The state of the last deployment, in whose journal each step is recorded. Without a file, all
            resources are created.
        preview: Return what would be done, and change nothing.
        on_step: Called with each step when it is done.

    Raises:
        SettingsError: The stack's settings are invalid.
        DeploymentError: The first failure; nothing is changed after it. The next deployment continues from there.
        KeyboardInterrupt: The same, after the operation in progress.
    """
    file = stack_file.read(root, stack, overrides)
    file.require_decrypted()
    return run(
        root / "__main__.py",
        project=file.project,
        stack=stack,
        config=file.values,
        provider=provider,
        checkpoint=checkpoint,
        preview=preview,
        on_step=on_step,
    )


def run(
    program: Path,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    provider: Provider,
    preview: bool,
    checkpoint: Path | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Deployment:
    """Run a program once, with settings given as strings by their full names (`gatehouse:tags`).

    Environment variables, working directory and import path are restored when it returns. A preview without a
    checkpoint is a plan: the provider does not check the resources, so that a plan may contain any type.

    Raises:
        DeploymentError: The first failure.
    """
    start = time.perf_counter()
    program = program.resolve()
    snapshot = Snapshot(Checkpoint(checkpoint) if checkpoint else None, read_only=preview)
    operations = Operations(provider, snapshot, preview=preview)
    is_plan = preview and checkpoint is None
    engine = Engine(operations, project=project, stack=stack, is_plan=is_plan, on_step=on_step)
    default_providers = DefaultProviders(snapshot, project=project, stack=stack, config=config)
    monitor = ResourceMonitor(engine, operations.providers, default_providers, project=project, stack=stack)
    settings = Settings(
        project=project,
        stack=stack,
        monitor=monitor,
        engine=EngineLog(),
        dry_run=preview,
        root_directory=str(program.parent),
        organization="organization",
    )

    with isolated_environment(program.parent), handled_interrupts(monitor.interrupt), fast_sdk():
        try:
            asyncio.run(_run(program, config, settings, monitor))
            if monitor.failure is None:
                engine.finish(is_interrupted=lambda: monitor.interrupted)
        finally:
            snapshot.save()
    if monitor.interrupted:
        raise KeyboardInterrupt
    if monitor.failure is not None:
        raise monitor.failure
    return Deployment(
        project=project,
        stack=stack,
        root=program.parent,
        preview=preview,
        resources=tuple(monitor.resources.values()),
        steps=tuple(engine.steps),
        exports=monitor.exports,
        seconds=time.perf_counter() - start,
    )


async def _run(program: Path, config: Mapping[str, str], settings: Settings, monitor: ResourceMonitor) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(InlineExecutor())
    loop.set_exception_handler(monitor.handle_unawaited_error)
    loop.set_task_factory(task_factory(program.parent))
    set_all_config(dict(config), [])
    configure(settings)
    set_root_resource(cast("Any", None))  # discard one that an import created outside of a run
    try:
        await run_in_stack(lambda: _execute(program, monitor))
    except Exception as error:  # noqa: BLE001 - raised by a callback of the program, or caused by an earlier failure
        monitor.fail(_program_error(error, program.parent), error)


def _execute(program: Path, monitor: ResourceMonitor) -> None:
    try:
        runpy.run_path(str(program), run_name="__main__")
    except SystemExit as stop:
        if stop.code not in (None, 0):
            monitor.fail(_program_error(stop, program.parent), stop)
    except Exception as error:  # noqa: BLE001 - any exception of the program ends the run
        monitor.fail(_program_error(error, program.parent), error)


def _program_error(error: BaseException, root: Path) -> ProgramError:
    """Return an error with the exception's type, message and place; a `RunError` contributes only its message."""
    if isinstance(error, RunError):
        return ProgramError(str(error))
    note_location(error, root)
    location = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return ProgramError(f"{type(error).__name__}: {str(error).strip() or 'no message'}{location}")
