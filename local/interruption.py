"""Signals that end a run of the event loop at once, whatever their handlers do."""

import contextlib
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from types import FrameType
from typing import Any, Final, NoReturn

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Interruption(KeyboardInterrupt):
    """The only kind of exception that an event loop passes on from wherever it is raised."""

    def __init__(self, number: int, frame: FrameType | None) -> None:
        super().__init__()
        self.number = number
        self.frame = frame


@contextlib.contextmanager
def interruptible() -> Generator[None]:
    """Within this, a signal that has a handler ends what runs; then the handler is called, outside of the event loop.

    A handler that raises would otherwise have its exception lost in the loop or taken for one of the program's, and
    asyncio's own handler for Ctrl-C waits until everything that is ready has run.
    """
    if threading.current_thread() is not threading.main_thread():  # signals arrive in the main thread only
        yield
        return
    handlers = {number: handler for number in _SIGNALS if callable(handler := signal.getsignal(number))}
    for number in handlers:
        signal.signal(number, _interrupt)
    try:
        yield
    except _Interruption as interruption:
        _restore(handlers)
        handlers[signal.Signals(interruption.number)](interruption.number, interruption.frame)
        raise KeyboardInterrupt from None
    finally:
        _restore(handlers)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise _Interruption(number, frame)


def _restore(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], Any]]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
