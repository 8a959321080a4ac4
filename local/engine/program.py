"""Run a Pulumi program once: isolated from the developer's environment, in a fixed order, to its end or first failure.

`deploy` creates the resources of a stack; `run` is its general form, and also previews.
"""

import asyncio
import contextlib
import os
import runpy
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from pulumi import RunError
from pulumi.runtime import set_all_config
from pulumi.runtime.settings import Settings, configure, set_root_resource
from pulumi.runtime.stack import run_in_stack

from infra import stack_file
from local.engine.deployment import Deployment, DeploymentError, ProgramError, Resource
from local.engine.monitor import EngineLog, ResourceMonitor
from local.provider.state import Provider

_P = ParamSpec("_P")
_T = TypeVar("_T")


def deploy(
    root: Path,
    stack: str,
    provider: Provider,
    overrides: Mapping[str, str] | None = None,
    on_created: Callable[[Resource], None] | None = None,
) -> Deployment:
    """Run a project's program for a stack and create its resources.

    Args:
        root: The folder that contains Pulumi.yaml and `__main__.py`.
        stack: The stack's name; its settings are in `Pulumi.<stack>.yaml`.
        provider: Creates the resources.
        overrides: Settings that replace those of the stack file (infra/stack_file.py).
        on_created: Called with each resource after its registration and, for a custom resource, its creation.

    Raises:
        SettingsError: The stack's settings are invalid.
        DeploymentError: The first failure; nothing is created after it.
    """
    file = stack_file.read(root, stack, overrides)
    file.require_decrypted()
    return run(
        root / "__main__.py",
        project=file.project,
        stack=stack,
        config=file.values,
        provider=provider,
        preview=False,
        on_created=on_created,
    )


def run(
    program: Path,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    provider: Provider,
    preview: bool,
    on_created: Callable[[Resource], None] | None = None,
) -> Deployment:
    """Run a program once, with settings given as strings by their full names (`gatehouse:tags`).

    Environment variables, working directory and import path are restored when it returns.

    Raises:
        DeploymentError: The first failure.
    """
    start = time.perf_counter()
    program = program.resolve()
    monitor = ResourceMonitor(provider, project=project, stack=stack, preview=preview, on_created=on_created)
    with _isolated_environment(program.parent):
        asyncio.run(_run(program, config, monitor))
    if monitor.failure is not None:
        raise monitor.failure
    return Deployment(
        project=project,
        stack=stack,
        root=program.parent,
        preview=preview,
        resources=tuple(monitor.resources.values()),
        exports=monitor.exports,
        seconds=time.perf_counter() - start,
    )


async def _run(program: Path, config: Mapping[str, str], monitor: ResourceMonitor) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(_InlineExecutor())
    loop.set_exception_handler(monitor.handle_unawaited_error)
    loop.set_task_factory(_task_factory(program.parent))
    set_all_config(dict(config), [])
    configure(
        Settings(
            project=monitor.project,
            stack=monitor.stack,
            monitor=monitor,
            engine=EngineLog(),
            dry_run=monitor.preview,
            root_directory=str(program.parent),
            organization="organization",
        )
    )
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
