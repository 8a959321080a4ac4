"""Compare the properties of a resource before and after a change. Values are those of JSON; secrets are masked before.

Texts that contain JSON (policies, the API's document) are compared by their content.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

UNKNOWN_MARK: Final = "[unknown]"
"""Replaces a value that is known only after the deployment."""
SECRET_MARK: Final = "[secret]"  # noqa: S105 - not a secret
"""Replaces a value that the program marked as secret."""

MAX_LENGTH: Final = 60
"""Longer values are shortened to this many characters."""
CONTEXT: Final = 12
"""The number of equal characters that are kept before the first difference of long values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PropertyChange:
    """A property with its values before and after, as shortened JSON; None if there was or will be no value."""

    path: str
    old: str | None = None
    new: str | None = None
    replaces: bool = False
    """Whether this property requires the resource to be replaced."""


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    changed: Collection[str] | None = None,
    replaces: Collection[str] = (),
) -> tuple[PropertyChange, ...]:
    """Return what differs between a resource's inputs before and after.

    `changed` are the names of the inputs that the provider considers changed (default: all that differ); they are
    listed even if their values look equal, as two secrets do. `replaces` are those that require a replacement.
    """
    found: list[PropertyChange] = []
    for name in sorted({*old, *new} if changed is None else set(changed)):
        values = old.get(name, _MISSING), new.get(name, _MISSING)
        differences = list(_differences(name, *values))
        if not differences and changed is not None:
            differences = [(name, *values)]
        for path, *pair in differences:
            before, after = _shortened(*pair)
            found.append(PropertyChange(path=path, old=before, new=after, replaces=name in replaces))
    return tuple(found)


class _Missing:
    """The value of a property that is not set."""


_MISSING: Final = _Missing()

_Difference = tuple[str, Any, Any]


def _differences(path: str, old: Any, new: Any) -> Iterator[_Difference]:
    """Yield the innermost values that differ, each with its path."""
    old, new = _parsed(old, new)
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        for key in sorted(before.keys() | after.keys()):
            # `__defaults`: the vendor's provider records there which inputs it added itself.
            if key != "__defaults":
                yield from _differences(_child(path, key), before.get(key, _MISSING), after.get(key, _MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(path, cast("list[Any]", old), cast("list[Any]", new))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, old, new


def _list_differences(path: str, old: list[Any], new: list[Any]) -> Iterator[_Difference]:
    """Compare what is left after removing equal items from the start and the end, so that an insertion is one item."""
    shorter = min(len(old), len(new))
    start = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    end = next((index for index in range(shorter - start) if old[-1 - index] != new[-1 - index]), shorter - start)
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    for index in range(max(len(before), len(after))):
        one = before[index] if index < len(before) else _MISSING
        other = after[index] if index < len(after) else _MISSING
        yield from _differences(f"{path}[{start + index}]", one, other)


def _parsed(old: Any, new: Any) -> tuple[Any, Any]:
    """Return the objects or lists that two texts of JSON contain; other values as they are."""
    if not (isinstance(old, str) and isinstance(new, str) and old[:1] in "{[" and old[:1] == new[:1]):
        return old, new
    try:
        return json.loads(old), json.loads(new)
    except ValueError:
        return old, new


def _child(path: str, key: str) -> str:
    return f"{path}.{key}" if re.fullmatch(r"[\w-]+", key) else f"{path}[{json.dumps(key, ensure_ascii=False)}]"


def _shortened(old: Any, new: Any) -> tuple[str | None, str | None]:
    """Return two values as JSON. Of long ones, the part from the first difference is kept."""
    before, after = _text(old), _text(new)
    if before is not None and after is not None and SECRET_MARK in (before, after):
        return SECRET_MARK, SECRET_MARK  # a value that is a secret now was probably one before
    pairs = enumerate(zip(before or "", after or "", strict=False))
    first = next((index for index, (one, other) in pairs if one != other), 0)
    start = first - CONTEXT if first > MAX_LENGTH // 2 else 0
    return _part(before, start), _part(after, start)


def _part(text: str | None, start: int) -> str | None:
    if text is None or len(text) <= MAX_LENGTH:
        return text
    part = f"{'…' if start else ''}{text[start:]}"
    return part if len(part) <= MAX_LENGTH else f"{part[: MAX_LENGTH - 1]}…"


def _text(value: Any) -> str | None:
    if isinstance(value, _Missing):
        return None
    return value if value in (UNKNOWN_MARK, SECRET_MARK) else json.dumps(value, ensure_ascii=False)
