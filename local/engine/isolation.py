"""Run a program apart from the developer's environment, and in the same order each time."""

import asyncio
import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


@contextlib.contextmanager
def isolated_environment(root: Path) -> Generator[None]:
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


class InlineExecutor(ThreadPoolExecutor):
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


def task_factory(root: Path) -> Callable[..., asyncio.Task[Any]]:
    """Return a factory of tasks that note the program's line on an exception.

    The SDK awaits exceptions twice, which loses their traceback.
    """

    async def noting(coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await coroutine
        except Exception as error:
            note_location(error, root)
            raise

    def make(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(noting(coroutine), loop=loop, **options)
        task.add_done_callback(lambda _: coroutine.close())  # a task cancelled before its start never awaits it
        return task

    return make


def note_location(error: BaseException, root: Path) -> None:
    """Add a note with the last line of the program in the traceback (`__main__.py:12`), unless there is a note."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_program(Path(frame.filename), root)]
    if frames and not getattr(error, "__notes__", ()):
        error.add_note(f"{Path(frames[-1].filename).relative_to(root)}:{frames[-1].lineno}")


def _is_program(file: Path, root: Path) -> bool:
    """Return whether a file belongs to the program, and not to an installed package or to the local stack."""
    local = Path(__file__).parent.parent
    return file.is_relative_to(root) and not file.is_relative_to(local) and "site-packages" not in file.parts
