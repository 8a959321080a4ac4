"""JSON log lines on standard output, which Lambda collects.

Lambda filters JSON lines by `level` only if they have a valid `timestamp` (AWS, "Log-level filtering").
"""

import sys
import traceback
from typing import Any

import msgspec

from handlers import clock

_encode = msgspec.json.Encoder(enc_hook=str).encode


def write(level: str, message: str, **values: Any) -> None:
    """Write a line, in one system call. Values must not contain tokens or personal data."""
    line = {"timestamp": clock.timestamp(clock.now()), "level": level, "message": message, **values}
    # Not with `print`, which writes the end of the line separately: Lambda's standard output is not buffered.
    sys.stdout.write(_encode(line).decode() + "\n")
    sys.stdout.flush()


def exception_values(error: BaseException) -> dict[str, Any]:
    """Return an exception's type and stack, without its message, which may contain data."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "stack": [f"{frame.name} {frame.filename}:{frame.lineno}" for frame in frames],
    }
