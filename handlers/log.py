"""JSON log lines on standard output, which Lambda collects.

Lambda filters JSON lines by `level` only if they have a valid `timestamp` (AWS, "Log-level filtering").
"""

import json
import traceback
from typing import Any

from handlers import clock


def write(level: str, message: str, **values: Any) -> None:
    """Write a line. Values must not contain tokens or personal data."""
    line = {"timestamp": clock.timestamp(clock.now()), "level": level, "message": message, **values}
    print(json.dumps(line, default=str), flush=True)  # noqa: T201


def exception_values(error: BaseException) -> dict[str, Any]:
    """Return an exception's type and stack, without its message, which may contain data."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "stack": [f"{frame.name} {frame.filename}:{frame.lineno}" for frame in frames],
    }
