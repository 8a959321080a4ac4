"""Execution environments that survive exceptions.

AWS: an exception of the handler is the result of one invocation; the execution environment stays warm and is not
initialised again. MiniStack ends the Python worker after every exception, so each "Unauthorized" of an authorizer would
cause a cold start for the next caller.
"""

from __future__ import annotations

from typing import Any

from local.emulator.ministack_internals import WORKERS, Original, internal, patch

_ORIGINAL = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
# The pool ends a worker that reports an error. So the worker reports a success that contains the error.
_CORRECTED = '{"status": "ok", "raised": {"error": str(e), "trace": traceback.format_exc()}}'


def apply() -> None:
    """Make the worker report an exception of the handler as a result, not as a failure of the worker."""
    runtime = internal(WORKERS)
    script: str = runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001 - see ministack_internals
    if script.count(_ORIGINAL) != 1:
        raise LookupError("MiniStack's Python worker has changed: this correction does not match it")
    runtime._PYTHON_WORKER_SCRIPT = script.replace(_ORIGINAL, _CORRECTED)  # noqa: SLF001
    patch(WORKERS, "Worker.invoke", _invoke)


def _invoke(original: Original, *arguments: object, **named: object) -> dict[str, Any]:
    response: dict[str, Any] = original(*arguments, **named)
    raised = response.pop("raised", None)
    return {**response, **raised, "status": "error"} if raised else response
