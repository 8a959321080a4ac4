"""An event loop in which a program runs in a fixed order, and which remembers where its callbacks raised."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class InlineExecutor(ThreadPoolExecutor):
    """Runs what the SDK would run on threads at once, in the loop's own thread.

    The calls to the monitor would otherwise overlap, and the order in which resources are made would differ from run to
    run. Nothing else wants the loop meanwhile.
    """

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run the function; the future is done already."""
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future


def noting_task_factory(root: Path) -> Callable[..., asyncio.Task[Any]]:
    """Makes tasks that note the program's line on an exception: its traceback is lost when it is awaited twice."""

    async def noting(coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await coroutine
        except Exception as error:
            note_place(error, root)
            raise

    def make(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(noting(coroutine), loop=loop, **options)
        task.add_done_callback(lambda _: coroutine.close())  # one cancelled before its start was never awaited
        return task

    return make


def note_place(error: BaseException, root: Path) -> None:
    """Note the last line of the program's own that was running, `__main__.py:12`, unless that was done before."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(Path(frame.filename), root)]
    if own and not getattr(error, "__notes__", ()):
        error.add_note(f"{Path(own[-1].filename).relative_to(root)}:{own[-1].lineno}")


def _is_own(file: Path, root: Path) -> bool:
    """Whether a file is the program's, and not a package's in its virtual environment or the engine's."""
    engine = Path(__file__).parent
    return file.is_relative_to(root) and not file.is_relative_to(engine) and "site-packages" not in file.parts
