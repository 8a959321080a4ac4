"""Resources as their services describe them, in Pulumi's terms."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from local.provider.state import Document

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """A resource as its service describes it. Inputs that are not set are `None` or empty."""

    inputs: Document
    outputs: Document = field(default_factory=dict[str, Any])


def in_camel_case(value: Any) -> Any:
    """Return a description with the names of its members in camelCase: `MemorySize` becomes `memorySize`."""
    match value:
        case dict():
            members = cast("dict[str, Any]", value).items()
            return {name[:1].lower() + name[1:]: in_camel_case(item) for name, item in members}
        case list():
            return [in_camel_case(item) for item in cast("list[Any]", value)]
        case _:
            return value


def chosen(description: Mapping[str, Any], *names: str) -> Document:
    """Return members of a description by their names in camelCase; a missing one is None."""
    return {name: in_camel_case(description.get(name, description.get(name[:1].upper() + name[1:]))) for name in names}


def tags_of(pairs: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return tags as a map; many services list them as pairs."""
    return {pair["Key"]: pair["Value"] for pair in pairs}


def is_same(old: Any, new: Any, *, ordered: bool = True) -> bool:
    """Return whether two values of an input mean the same to AWS.

    Missing and empty values are equal, and JSON documents are compared by content, because services reformat them.
    Without `ordered`, so are lists in another order.
    """
    if old in _EMPTY and new in _EMPTY:
        return True
    return _canonical(old, ordered=ordered) == _canonical(new, ordered=ordered)


def _canonical(value: Any, *, ordered: bool) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, list) and not ordered:
        return sorted(json.dumps(item, sort_keys=True, default=repr) for item in cast("list[Any]", value))
    return cast("Any", value)
