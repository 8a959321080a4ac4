"""Patch operations that keep the type of a value.

AWS: the value of a patch operation is always a string, and its path escapes `/` as `~1` (RFC 6901). The patched value
keeps its type: boolean, number or list; a usage plan's stage is given as `API:stage`. MiniStack stores the string (an
`apiKeyRequired` of "false" is then true), and does not unescape the path.
"""

from __future__ import annotations

from typing import Any, cast

from local.emulator.ministack_internals import REST, Original, json_object, patch

_BOOLEANS = frozenset({"apiKeyRequired", "disableExecuteApiEndpoint", "enabled"})
_NUMBERS = frozenset({"authorizerResultTtlInSeconds", "minimumCompressionSize", "timeoutInMillis"})
_REQUIRED_PARAMETER = "method.request."


def apply() -> None:
    """Replace the function that applies patch operations."""
    patch(REST, "_apply_patch", _patch)


def _patch(_original: Original, target: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    for operation in operations:
        path = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].lstrip("/").split("/")]
        remove = operation.get("op") == "remove"
        if path == ["apiStages"]:
            _change_stages(target, remove=remove, name=operation["value"])
        else:
            _apply(target, path, remove=remove, value=operation.get("value"))
    return target


def _change_stages(plan: dict[str, Any], *, remove: bool, name: str) -> None:
    api, _, stage = name.partition(":")
    changed = {"apiId": api, "stage": stage}
    others = [each for each in plan.get("apiStages", []) if (each["apiId"], each["stage"]) != (api, stage)]
    plan["apiStages"] = others if remove else [*others, changed]


def _apply(target: dict[str, Any], path: list[str], *, remove: bool, value: object) -> None:
    name, *rest = path
    current: object = target.get(name)
    if not rest:
        if remove:
            target.pop(name, None)
        else:
            target[name] = _typed(name, value)
    elif isinstance(current, list):
        others = [item for item in cast("list[object]", current) if item != rest[0]]
        target[name] = others if remove else [*others, rest[0]]
    else:
        inner = target[name] = json_object(current) or {}
        _apply(inner, rest, remove=remove, value=value)


def _typed(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name in _BOOLEANS or (name.startswith(_REQUIRED_PARAMETER) and value in ("true", "false")):
        return value == "true"
    return int(value) if name in _NUMBERS else value
