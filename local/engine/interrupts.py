"""Interrupts: they end a deployment at once, but not while the provider works, so that what it does is recorded."""

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

    for number in _SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        restore()
        if len(received) == 1:
            signal.raise_signal(received[0])


class Interrupts:
    """Ctrl-C during a deployment: it ends the program at once, and everything else after the operation in progress.

    An exception in asyncio itself could lose the task that is about to run, and asyncio would wait for it forever. So
    the first Ctrl-C raises KeyboardInterrupt only where `raised` allows it; a second one raises it everywhere.
    """

    def __init__(self, on_interrupt: Callable[[], None]) -> None:
        self._on_interrupt = on_interrupt
        self._received = False
        self._raises = False

    @contextlib.contextmanager
    def handled(self) -> Generator[None]:
        """Call `on_interrupt` at Ctrl-C, unless the process handles it another way.

        Without this, asyncio would only cancel the main task, and create the resources that are already requested.
        """
        previous = signal.getsignal(signal.SIGINT)
        if previous is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
            yield
            return
        signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)

    @contextlib.contextmanager
    def raised(self) -> Generator[None]:
        """Let Ctrl-C raise KeyboardInterrupt in this block."""
        self._raises = True
        try:
            if self._received:
                raise KeyboardInterrupt
            yield
        finally:
            self._raises = False

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._on_interrupt()
        again, self._received = self._received, True
        if again or self._raises:
            raise KeyboardInterrupt
