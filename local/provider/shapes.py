"""Pulumi's values made into the parameters of an AWS operation, by botocore's own description of it.

The two name the same thing alike up to its case (`billingMode`, `BillingMode`); the rest are renames of the table.
Where an API has a list that may hold one entry, Pulumi has the entry itself.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast

from local.provider.properties import Properties


class Shape(Protocol):
    """What is used of botocore's shapes, which have no types. Only structures have members, and so on."""

    @property
    def type_name(self) -> str:
        """`structure`, `list`, `map`, or the name of a scalar."""
        ...

    @property
    def members(self) -> "Mapping[str, Shape]":
        """A structure's fields."""
        ...

    @property
    def member(self) -> "Shape":
        """A list's entries."""
        ...

    @property
    def value(self) -> "Shape":
        """A map's values."""
        ...


def parameters(shape: Shape, properties: Properties, renames: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The members of an operation's input that the properties give; what matches no member is left in them.

    Args:
        shape: The input.
        properties: The properties, from which those that match are taken.
        renames: Names of properties by the members' names, where they differ by more than their case.
    """
    names = {name.lower(): name for name in properties}
    found: dict[str, Any] = {}
    for member, inner in shape.members.items():
        name = names.get((renames or {}).get(member, member).lower())
        if name is not None and name in properties:
            found[member] = _field(inner, properties, name)
    return found


def _field(shape: Shape, properties: Properties, name: str) -> Any:
    if shape.type_name == "structure":
        return parameters(shape, properties.group(name))
    if shape.type_name == "list" and shape.member.type_name == "structure":
        return _structures(shape.member, properties, name)
    return _whole(shape, properties.take(name))


def _structures(shape: Shape, properties: Properties, name: str) -> list[dict[str, Any]]:
    if not properties.is_object(name):
        return [parameters(shape, part) for part in properties.groups(name)]
    pair = _pair(shape)
    if pair is None:
        return [parameters(shape, properties.group(name))]
    key_member, value_member = pair  # tags, dimensions: a map in Pulumi, a list of pairs in many APIs
    pairs = cast("dict[str, Any]", properties.take(name))
    return [{key_member: key, value_member: as_text(value)} for key, value in pairs.items()]


def _pair(shape: Shape) -> tuple[str, str] | None:
    """The members of a pair: Key and Value, Name and Value, TagKey and TagValue."""
    members = sorted(shape.members, key=str.lower)
    if [member.lower().removeprefix("tag") for member in members] in (["key", "value"], ["name", "value"]):
        return members[0], members[1]
    return None


def _whole(shape: Shape, value: Any) -> Any:
    if shape.type_name == "list":
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        return [_whole(shape.member, item) for item in items]
    if shape.type_name == "map":
        return {key: _whole(shape.value, item) for key, item in value.items()}
    return _SCALARS[shape.type_name](value) if shape.type_name in _SCALARS else value


def as_text(value: object) -> str:
    """A scalar as AWS writes it: `true`, `3`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


_SCALARS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "string": as_text,
    "boolean": lambda value: as_text(value).lower() == "true",
}
