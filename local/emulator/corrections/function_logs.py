"""What functions print is seen at once, and a function that prints nothing is not waited for.

AWS: what a function prints goes to its log group while it runs. MiniStack hands lines over when the invocation ends, to
CloudWatch Logs only, and waits 50 ms for a first line after every invocation that printed none. Here each line also
goes to one file (named by GATEHOUSE_FUNCTIONS_LOG), after the function's name, as soon as it is read; and when a
response is there, all that the function printed before it is already in the pipe, so nothing needs to be waited for. An
exception that a function raises is a line of JSON there.
"""

from __future__ import annotations

import json
import os
import select
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from local.emulator.ministack_internals import WORKERS, Original, around

if TYPE_CHECKING:
    import queue
    from collections.abc import Iterable

_VARIABLE = "GATEHOUSE_FUNCTIONS_LOG"
_CHUNK_BYTES = 65536


def apply() -> None:
    """Follow each worker's standard error."""
    log = _Log(os.environ.get(_VARIABLE))
    followers = _Followers(log)

    def read_stderr(_original: Original, worker: Any) -> None:
        followers.of(worker).follow()

    def drain(_original: Original, worker: Any, **_waits: float) -> str:
        followers.of(worker).catch_up()
        return worker._drain_stderr()  # noqa: SLF001 - see ministack_internals

    def invoke(original: Original, worker: Any, *arguments: object, **named: object) -> dict[str, Any]:
        try:
            response: dict[str, Any] = original(worker, *arguments, **named)
        except Exception as error:
            log.write(worker.func_name, str(error).splitlines())
            raise
        if response.get("status") == "error":
            log.write(worker.func_name, [_failure(str(response.get("error")), str(response.get("trace") or ""))])
        return response

    around(WORKERS, "Worker._read_stderr", read_stderr)
    around(WORKERS, "Worker._drain_stderr_bounded", drain)
    around(WORKERS, "Worker.invoke", invoke)


def kept(settings: dict[str, str], lines: list[str]) -> list[str]:  # noqa: ARG001 - for function_log_levels
    """The lines that are logged, given the function's logging settings: all of them."""
    return lines


def _failure(message: str, trace: str) -> str:
    """A line for an exception, as Lambda's Python runtime writes it where the log format is JSON."""
    frames, _, kind = trace.rstrip().removesuffix(message).rstrip(": \n").rpartition("\n")
    told = {"level": "ERROR", "errorMessage": message, "errorType": kind.rpartition(".")[2]}
    return json.dumps({**told, "stackTrace": frames.splitlines()[1:]})


class _Log:
    """The file that holds what all functions print."""

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None

    def write(self, function: str, lines: Iterable[str]) -> None:
        """Append lines, in one write: the workers' threads do not mix theirs."""
        text = "".join(f"{function} | {line}\n" for line in lines)
        if text and self._path is not None:
            with self._path.open("ab", buffering=0) as file:
                file.write(text.encode())


class _Follower:
    """Reads one worker's standard error: in a thread of its own, and on demand."""

    def __init__(self, worker: Any, log: _Log) -> None:
        self.stream = worker._proc.stderr  # noqa: SLF001 - held, so that its descriptor stays open
        self._lines: queue.Queue[str] = worker._stderr_queue  # noqa: SLF001
        self._function: str = worker.func_name
        self._settings: dict[str, str] = worker.config.get("LoggingConfig") or {}
        self._log = log
        self._lock = threading.Lock()
        self._unfinished = b""
        self._ended = False

    def follow(self) -> None:
        """Read until the worker ends."""
        while not self._ended:
            self._wait(None)
            self.catch_up()

    def catch_up(self) -> None:
        """Read what is there now."""
        with self._lock:
            while not self._ended and self._wait(0):
                self._read()

    def _wait(self, milliseconds: int | None) -> bool:
        poll = select.poll()
        poll.register(self.stream.fileno(), select.POLLIN)
        return bool(poll.poll(milliseconds))

    def _read(self) -> None:
        data = os.read(self.stream.fileno(), _CHUNK_BYTES)
        self._ended = not data
        *finished, self._unfinished = (self._unfinished + data).split(b"\n")
        if self._ended and self._unfinished:
            finished.append(self._unfinished)
        lines = kept(self._settings, [line.decode("utf-8", errors="replace") for line in finished])
        self._log.write(self._function, lines)
        for line in lines:
            self._lines.put(line)


class _Followers:
    """The follower of each worker's present process, made when it is first asked for."""

    def __init__(self, log: _Log) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[object, _Follower] = WeakKeyDictionary()

    def of(self, worker: Any) -> _Follower:
        """The follower of the worker's process, or of its last one when that has been ended."""
        with self._lock:
            known = self._known.get(worker)
            process = worker._proc  # noqa: SLF001
            if known is None or (process is not None and process.stderr is not known.stream):
                known = self._known[worker] = _Follower(worker, self._log)
            return known
