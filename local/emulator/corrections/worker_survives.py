"""A function that raises keeps its execution environment.

AWS: an exception that the runtime catches is the answer to one invocation; the environment stays warm and is not
initialised again. MiniStack ends the Python worker after every exception, so an authorizer that says "Unauthorized"
starts cold for the next caller.
"""

from __future__ import annotations

from typing import Any

from local.emulator.ministack_internals import WORKERS, Original, around, reach

_BY_MINISTACK = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
# The pool ends a worker that reports an error, so the worker reports a success that holds one.
_BY_US = '{"status": "ok", "raised": {"error": str(e), "trace": traceback.format_exc()}}'


def apply() -> None:
    """Let the worker say that the handler raised, and not that the worker failed."""
    runtime = reach(WORKERS)
    script: str = runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001 - see ministack_internals
    if script.count(_BY_MINISTACK) != 1:
        raise LookupError("MiniStack's Python worker reports exceptions in another way than was corrected")
    runtime._PYTHON_WORKER_SCRIPT = script.replace(_BY_MINISTACK, _BY_US)  # noqa: SLF001
    around(WORKERS, "Worker.invoke", _invoke)


def _invoke(original: Original, *arguments: object, **named: object) -> dict[str, Any]:
    response: dict[str, Any] = original(*arguments, **named)
    raised = response.pop("raised", None)
    return {**response, **raised, "status": "error"} if raised else response
