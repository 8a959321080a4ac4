"""Access to MiniStack's private functions, and the function that patches them.

MiniStack is installed only in the emulator's virtual environment, so its modules and functions are named by strings and
imported when they are used: the corrections can be imported, listed and type-checked anywhere. If a new version of
MiniStack lacks a name, the emulator fails when it applies the correction, before it answers requests.
"""

from __future__ import annotations

import functools
import json
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

APP = "ministack.app"
REST = "ministack.services.apigateway_v1"
HTTP = "ministack.services.apigateway"
FUNCTIONS = "ministack.services.lambda_svc"
COGNITO = "ministack.services.cognito"
ALARMS = "ministack.services.cloudwatch"
TABLES = "ministack.services.dynamodb"
FIREWALL = "ministack.services.waf"
LOGS = "ministack.services.cloudwatch_logs"
WORKERS = "ministack.core.lambda_runtime"
POLICIES = "ministack.core.iam_evaluator"
ACTIONS = "ministack.core.iam_actions"
RESPONSES = "ministack.core.responses"

Original = Callable[..., Any]
Result = dict[str, Any] | None  # of a function: `body`, `error`, `throttle`, `log`
Response = tuple[int, dict[str, Any], bytes]


class GatewayError(Protocol):
    """An error of the gateway, which is rendered by a gateway response."""

    response_type: str
    message: str | None


def internal(module: str, name: str = "") -> Any:
    """Return an attribute of a MiniStack module (`Worker.invoke` for a class's), or the module itself."""
    return pkgutil.resolve_name(f"{module}:{name}" if name else module)


def patch(module: str, name: str, replacement: Original) -> None:
    """Replace a function or method; the replacement gets the original as its first argument."""
    owner_name, _, last = name.rpartition(".")
    owner = internal(module, owner_name)
    original = getattr(owner, last)

    @functools.wraps(original)
    def patched(*args: Any, **kwargs: Any) -> Any:
        return replacement(original, *args, **kwargs)

    setattr(owner, last, patched)


def add_operations(module: str, operations: Mapping[str, Callable[[dict[str, Any]], Response]]) -> None:
    """Add operations, by their names, to a service whose requests are JSON."""

    async def handle(
        original: Original, method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Response:
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        if name in operations:
            return operations[name](json.loads(body))
        response: Response = await original(method, path, headers, body, query)
        return response

    patch(module, "handle_request", handle)


def json_object(value: object) -> dict[str, Any] | None:
    """Return the value if it is a JSON object, and otherwise None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
