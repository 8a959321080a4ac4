"""An update leaves a value of the type that it had.

AWS: a patch operation's value is always a string, its path escapes `/` as `~1` (RFC 6901), and what it changes keeps
its type: booleans, numbers, lists. MiniStack stores the string, so that `apiKeyRequired` holds after it was set to
"false", and takes an escaped path literally.
"""

from __future__ import annotations

from typing import Any, cast

from local.emulator.ministack_internals import REST, Original, around, mapping

_BOOLEANS = frozenset({"apiKeyRequired", "disableExecuteApiEndpoint", "enabled"})
_NUMBERS = frozenset({"authorizerResultTtlInSeconds", "minimumCompressionSize", "timeoutInMillis"})
_REQUIRED_PARAMETER = "method.request."


def apply() -> None:
    """Replace how patch operations are applied."""
    around(REST, "_apply_patch", _patch)


def _patch(_original: Original, target: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    for operation in operations:
        path = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].lstrip("/").split("/")]
        _apply(target, path, remove=operation.get("op") == "remove", value=operation.get("value"))
    return target


def _apply(target: dict[str, Any], path: list[str], *, remove: bool, value: object) -> None:
    name, *rest = path
    held: object = target.get(name)
    if not rest:
        if remove:
            target.pop(name, None)
        else:
            target[name] = _typed(name, value)
    elif isinstance(held, list):
        others = [item for item in cast("list[object]", held) if item != rest[0]]
        target[name] = others if remove else [*others, rest[0]]
    else:
        inner = target[name] = mapping(held) or {}
        _apply(inner, rest, remove=remove, value=value)


def _typed(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name in _BOOLEANS or (name.startswith(_REQUIRED_PARAMETER) and value in ("true", "false")):
        return value == "true"
    return int(value) if name in _NUMBERS else value
