"""The one place where MiniStack's own functions are reached and replaced.

MiniStack is importable only in the emulator's virtual environment and its functions are private, so modules and
functions are named by strings and looked up late: the corrections can be imported, listed and type-checked anywhere. A
name that a new version of MiniStack no longer has raises when the correction is applied, before anything is served.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any, Protocol, cast

APP = "ministack.app"
REST = "ministack.services.apigateway_v1"
FUNCTIONS = "ministack.services.lambda_svc"
LOGS = "ministack.services.cloudwatch_logs"
WORKERS = "ministack.core.lambda_runtime"
POLICIES = "ministack.core.iam_evaluator"
RESPONSES = "ministack.core.responses"

Original = Callable[..., Any]
Result = dict[str, Any] | None  # of running a function: `body`, `error`, `throttle`, `log`; None where there is none
Answer = tuple[int, dict[str, Any], bytes]


class GatewayError(Protocol):
    """An error of the gateway's own, which a gateway response renders."""

    response_type: str
    message: str | None


def reach(module: str, name: str = "") -> Any:
    """What `name` (dots reach into classes) is in a module of MiniStack; the module itself without a name."""
    found: Any = importlib.import_module(module)
    for part in filter(None, name.split(".")):
        found = getattr(found, part)
    return found


def around(module: str, name: str, replacement: Original) -> None:
    """Put `replacement` in the place of a function or method; its first argument is what it replaces."""
    owner_name, _, last = name.rpartition(".")
    owner = reach(module, owner_name)
    original = getattr(owner, last)

    @functools.wraps(original)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        return replacement(original, *args, **kwargs)

    setattr(owner, last, replaced)


def mapping(value: object) -> dict[str, Any] | None:
    """The value if it is a JSON object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
