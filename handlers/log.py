"""One JSON line per request, to standard output, where Lambda picks it up.

Lambda filters JSON lines by `level` only where they have a valid `timestamp` (AWS, "Log-level filtering").
"""

import json
import traceback
from typing import Any

from handlers import clock


def write(level: str, message: str, **values: Any) -> None:
    """Logs a line. Values must be fit for anyone who may read logs: no token, no personal data."""
    line = {"timestamp": clock.timestamp(clock.now()), "level": level, "message": message, **values}
    print(json.dumps(line, default=str), flush=True)  # noqa: T201


def fault(error: BaseException) -> dict[str, Any]:
    """Where an unforeseen error came from: its type and its stack, without the message, which may quote data."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "stack": [f"{frame.name} {frame.filename}:{frame.lineno}" for frame in frames],
    }
