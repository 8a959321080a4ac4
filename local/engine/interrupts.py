"""Interrupts: they end a deployment after the operation in progress, so that what it does is recorded."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Generator
from types import FrameType
from typing import Final

from local.processes import signal_handlers

PATIENCE: Final = 3.0
"""Seconds that an operation may take before it can be ended. The next deployment does not know what it has created."""


@contextlib.contextmanager
def delayed_signals() -> Generator[None]:
    """Delay signals that would end the process until the end of the block.

    After `PATIENCE` seconds in the block, a second one takes effect at once. Signals are only handled in the main
    thread; elsewhere there is nothing to delay.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = signal_handlers()
    received: list[int] = []
    start = time.monotonic()

    def handle(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1 and time.monotonic() - start > PATIENCE:
            take_effect()

    def take_effect() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in received:
            signal.raise_signal(number)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        take_effect()


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
