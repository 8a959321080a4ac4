"""Immediate function logs, without a delay for functions that print nothing.

AWS: a function's output is written to its log group while the function runs. MiniStack writes it to CloudWatch Logs
when the invocation ends, and waits 50 ms for a first line after every invocation without output. With this correction,
each line is also written immediately to the file GATEHOUSE_FUNCTIONS_LOG, after the function's name. There is no wait:
when the response arrives, all earlier output is already in the pipe. An exception becomes a line of JSON in this file.
"""

from __future__ import annotations

import json
import os
import select
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from local.emulator.ministack_internals import WORKERS, Original, patch

if TYPE_CHECKING:
    import queue
    from collections.abc import Iterable

_VARIABLE = "GATEHOUSE_FUNCTIONS_LOG"
_CHUNK_BYTES = 65536


def apply() -> None:
    """Read each worker's standard error continuously."""
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

    patch(WORKERS, "Worker._read_stderr", read_stderr)
    patch(WORKERS, "Worker._drain_stderr_bounded", drain)
    patch(WORKERS, "Worker.invoke", invoke)


def filter_lines(settings: dict[str, str], lines: list[str]) -> list[str]:  # noqa: ARG001 - for function_log_levels
    """Return the lines to log, given the function's logging settings. `function_log_levels` patches this function."""
    return lines


def _failure(message: str, trace: str) -> str:
    """Return the log line of an exception, as Lambda's Python runtime writes it in the JSON log format."""
    frames, _, kind = trace.rstrip().removesuffix(message).rstrip(": \n").rpartition("\n")
    error = {"level": "ERROR", "errorMessage": message, "errorType": kind.rpartition(".")[2]}
    return json.dumps({**error, "stackTrace": frames.splitlines()[1:]})


class _Log:
    """The file with the output of all functions."""

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None

    def write(self, function: str, lines: Iterable[str]) -> None:
        """Append lines in one write, so that the lines of concurrent functions are not mixed."""
        text = "".join(f"{function} | {line}\n" for line in lines)
        if text and self._path is not None:
            with self._path.open("ab", buffering=0) as file:
                file.write(text.encode())


class _Follower:
    """Reads a worker's standard error, continuously in a thread and additionally on demand."""

    def __init__(self, worker: Any, log: _Log) -> None:
        self.stream = worker._proc.stderr  # noqa: SLF001 - this reference keeps its file descriptor open
        self._lines: queue.Queue[str] = worker._stderr_queue  # noqa: SLF001
        self._function: str = worker.func_name
        self._settings: dict[str, str] = worker.config.get("LoggingConfig") or {}
        self._log = log
        self._lock = threading.Lock()
        self._unfinished = b""
        self._ended = False

    def follow(self) -> None:
        """Read until the worker exits."""
        while not self._ended:
            self._wait(None)
            self.catch_up()

    def catch_up(self) -> None:
        """Read all available output without waiting."""
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
        lines = filter_lines(self._settings, [line.decode("utf-8", errors="replace") for line in finished])
        self._log.write(self._function, lines)
        for line in lines:
            self._lines.put(line)


class _Followers:
    """The followers of the workers' current processes, created on demand."""

    def __init__(self, log: _Log) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[object, _Follower] = WeakKeyDictionary()

    def of(self, worker: Any) -> _Follower:
        """Return the follower of a worker's current process or, if it has exited, of its last one."""
        with self._lock:
            known = self._known.get(worker)
            process = worker._proc  # noqa: SLF001
            if known is None or (process is not None and process.stderr is not known.stream):
                known = self._known[worker] = _Follower(worker, self._log)
            return known
