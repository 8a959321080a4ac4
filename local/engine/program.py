"""Run a Pulumi program once: isolated from the developer's environment, in a fixed order, to its end or first failure.

`deploy` deploys a project's stack or previews that; `run` is its general form.
"""

import asyncio
import contextlib
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

from pulumi import RunError
from pulumi.runtime import set_all_config
from pulumi.runtime.settings import Settings, configure, set_root_resource
from pulumi.runtime.stack import run_in_stack

from infra import stack_file
from local.engine.checkpoint import Checkpoint
from local.engine.deployment import Deployment, DeploymentError, ProgramError, Step
from local.engine.engine import Engine
from local.engine.monitor import EngineLog, ResourceMonitor
from local.engine.operations import Operations
from local.engine.providers import DefaultProviders
from local.engine.snapshot import Snapshot
from local.provider.state import Provider

_P = ParamSpec("_P")
_T = TypeVar("_T")


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
        checkpoint: The state of the last deployment, updated after each step; it need not exist. Without a file, all
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
    monitor = ResourceMonitor(engine, provider, default_providers, project=project, stack=stack)
    settings = Settings(
        project=project,
        stack=stack,
        monitor=monitor,
        engine=EngineLog(),
        dry_run=preview,
        root_directory=str(program.parent),
        organization="organization",
    )
    with _isolated_environment(program.parent), _interrupting(monitor):
        try:
            asyncio.run(_run(program, config, settings, monitor))
            if monitor.failure is None:
                engine.finish()
        finally:
            snapshot.save()
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
    loop.set_default_executor(_InlineExecutor())
    loop.set_exception_handler(monitor.handle_unawaited_error)
    loop.set_task_factory(_task_factory(program.parent))
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
    except KeyboardInterrupt:  # without this, the SDK first creates all resources that are already requested
        monitor.fail(DeploymentError("interrupted"))
        raise


def _program_error(error: BaseException, root: Path) -> ProgramError:
    """Return an error with the exception's type, message and place; a `RunError` contributes only its message."""
    if isinstance(error, RunError):
        return ProgramError(str(error))
    _note_location(error, root)
    location = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return ProgramError(f"{type(error).__name__}: {str(error).strip() or 'no message'}{location}")


@contextlib.contextmanager
def _interrupting(monitor: ResourceMonitor) -> Generator[None]:
    """Make Ctrl-C raise KeyboardInterrupt at once, after which nothing is changed.

    Otherwise, asyncio would only cancel the main task, and resources that are already requested would be created.
    """
    previous = signal.getsignal(signal.SIGINT)
    if previous is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> NoReturn:
        monitor.fail(DeploymentError("interrupted"))
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


@contextlib.contextmanager
def _isolated_environment(root: Path) -> Generator[None]:
    """Use the program's folder as working directory and first import path, as the Pulumi CLI does.

    Variables of Pulumi and AWS in the developer's environment are removed, so that a plan is the same on every machine.
    """
    environment, folder, path = dict(os.environ), Path.cwd(), list(sys.path)
    for name in environment:
        if name.startswith(("PULUMI_", "AWS_")):
            del os.environ[name]
    os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"  # f"{output}" raises instead of ending up in an ARN
    os.chdir(root)
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path[:] = path
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)


class _InlineExecutor(ThreadPoolExecutor):
    """Executor that runs functions immediately, in the event loop's own thread.

    With threads, the SDK's calls to the monitor would overlap, and resources would be created in a different order in
    every run. Nothing else uses the loop in the meantime.
    """

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run the function and return a completed future."""
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - like every executor
            future.set_exception(error)
        return future


def _task_factory(root: Path) -> Callable[..., asyncio.Task[Any]]:
    """Return a factory of tasks that note the program's line on an exception.

    The SDK awaits exceptions twice, which loses their traceback.
    """

    async def noting(coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await coroutine
        except Exception as error:
            _note_location(error, root)
            raise

    def make(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(noting(coroutine), loop=loop, **options)
        task.add_done_callback(lambda _: coroutine.close())  # a task cancelled before its start never awaits it
        return task

    return make


def _note_location(error: BaseException, root: Path) -> None:
    """Add a note with the last line of the program in the traceback (`__main__.py:12`), unless there is a note."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_program(Path(frame.filename), root)]
    if frames and not getattr(error, "__notes__", ()):
        error.add_note(f"{Path(frames[-1].filename).relative_to(root)}:{frames[-1].lineno}")


def _is_program(file: Path, root: Path) -> bool:
    """Return whether a file belongs to the program, and not to an installed package or to the local stack."""
    local = Path(__file__).parent.parent
    return file.is_relative_to(root) and not file.is_relative_to(local) and "site-packages" not in file.parts
