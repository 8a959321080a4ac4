"""One JSON line per request, to standard output, where Lambda picks it up."""

import json
import traceback
from typing import Any


def write(level: str, message: str, **values: Any) -> None:
    """Logs a line. Values must be fit for anyone who may read logs: no token, no personal data."""
    print(json.dumps({"level": level, "message": message, **values}, default=str), flush=True)  # noqa: T201


def fault(error: BaseException) -> dict[str, Any]:
    """Where an unforeseen error came from: its type and its stack, without the message, which may quote data."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "stack": [f"{frame.name} {frame.filename}:{frame.lineno}" for frame in frames],
    }
