"""Property paths, such as `tags["a.b"]` or `rules[*].port`, and the options of a resource that use them.

The grammar and the rules are those of Pulumi's engine
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties_path.go).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final, cast

from local.engine.values import Secret

Path = tuple[str | int, ...]

_ANY: Final = "*"
_ELEMENT: Final = re.compile(r'\.?([^.\[\]]+)|\.?\[(?:(\d+)|(\*)|("(?:[^"\\]|\\.)+"))\]')


def parse(text: str) -> Path:
    """Return the parts of a property path: names, indexes, and `*` for any name or index."""
    path: list[str | int] = []
    position = 0
    while position < len(text):
        match = _ELEMENT.match(text, position)
        if match is None or text.startswith("."):
            raise ValueError(f"invalid property path {text!r}")
        name, index, wildcard, quoted = match.groups()
        path.append(int(index) if index else json.loads(quoted) if quoted else name or wildcard)
        position = match.end()
    return tuple(path)


def contains(path: Path, other: Path) -> bool:
    """Return whether `other` is the path or a property below it."""
    return len(other) >= len(path) and all(part in (_ANY, found) for part, found in zip(path, other, strict=False))


def differences(old: Any, new: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of the innermost values that differ; secrets are compared by their values."""
    old, new = _open(old), _open(new)
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), (*path, name))
    elif isinstance(old, list) and isinstance(new, list):
        pairs = zip_longest(cast("list[Any]", old), cast("list[Any]", new))
        for index, (before, after) in enumerate(pairs):
            yield from differences(before, after, (*path, index))
    elif old != new:
        yield path


def replacing(
    old: Mapping[str, Any], new: Mapping[str, Any], changed: Sequence[str], replace_on_changes: Sequence[str]
) -> tuple[str, ...]:
    """Return the changed properties that require a replacement because of the option `replace_on_changes`."""
    options = [parse(text) for text in replace_on_changes]

    def replaces(name: str) -> bool:
        paths = [(name,), *differences(old.get(name), new.get(name), (name,))]
        return any(contains(option, path) for option in options for path in paths)

    return tuple(name for name in changed if replaces(name))


def with_ignored_changes(
    new: Mapping[str, Any], old: Mapping[str, Any], ignore_changes: Sequence[str]
) -> dict[str, Any]:
    """Return the new properties, with the old values where the option `ignore_changes` names them."""
    result = _copied(dict(new))
    for text in ignore_changes:
        _reset(result, old, parse(text))
    return result


def _reset(new: Any, old: Any, path: Path) -> None:
    """Set the value at a path to the old one; a path that only one of the two has inside a list is ignored."""
    new, old = _open(new), _open(old)
    part, rest = path[0], path[1:]
    if part == _ANY:
        for key in _keys(new, old):
            _reset(new, old, (key, *rest))
    elif rest:
        if _has(new, part) and _has(old, part):
            _reset(new[part], old[part], rest)
        elif isinstance(new, dict) and _has(new, part) and isinstance(old, dict):
            _reset(new[part], None, rest)
    elif _has(old, part):
        if isinstance(new, dict) or _has(new, part):
            new[part] = old[part]
    elif isinstance(new, dict):
        cast("dict[str, Any]", new).pop(cast("str", part), None)


def _keys(new: Any, old: Any) -> Sequence[str | int]:
    if isinstance(new, dict) and isinstance(old, dict):
        return sorted({*cast("dict[str, Any]", new), *cast("dict[str, Any]", old)})
    return range(min(_length(new), _length(old)))


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < _length(value)


def _length(value: Any) -> int:
    return len(cast("list[Any]", value)) if isinstance(value, list) else 0


def _open(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


def _copied(value: Any) -> Any:
    match value:
        case Secret():
            return Secret(_copied(value.value))
        case dict():
            return {name: _copied(item) for name, item in cast("dict[str, Any]", value).items()}
        case list():
            return [_copied(item) for item in cast("list[Any]", value)]
        case _:
            return value
