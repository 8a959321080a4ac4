"""Interrupts: they end a deployment after the operation in progress, so that what it does is recorded."""

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def delayed_signals() -> Generator[None]:
    """Delay a signal that would end the process until the end of the block; a second one takes effect at once.

    Signals are only handled in the main thread; elsewhere there is nothing to delay.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    handlers = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}
    received: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            restore()
            for each in received:
                signal.raise_signal(each)

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        restore()
        if len(received) == 1:
            signal.raise_signal(received[0])


@contextlib.contextmanager
def handled_interrupts(on_interrupt: Callable[[], None]) -> Generator[None]:
    """Call `on_interrupt` at Ctrl-C, unless the process handles it another way; a second one ends the process at once.

    An exception could be raised anywhere instead, for example in asyncio or in Pulumi's SDK, which would then wait
    forever for a task that was lost.
    """
    previous = signal.getsignal(signal.SIGINT)
    if previous is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        on_interrupt()

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
