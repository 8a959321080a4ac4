"""Convert Pulumi properties to the parameters of an AWS operation, based on botocore's description of its input.

Most names differ only by case (`billingMode`, `BillingMode`); a resource type lists the others as renames. Where an API
has a list that may hold one entry, Pulumi has the entry itself.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from local.provider.properties import Properties

Shape = Any
"""A shape of botocore, which has no types: `type_name`, and `members`, `member` or `value` for what it contains."""


def parameters(shape: Shape, properties: Properties, renames: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Remove the properties that match members of an operation's input, and return them as parameters.

    Args:
        shape: The input.
        properties: The properties; those without a matching member are left.
        renames: Property names by member names, for names that differ by more than case.
    """
    names = {name.lower(): name for name in properties}
    renames = renames or {}
    found: dict[str, Any] = {}
    for member, inner in shape.members.items():
        name = names.get(str(renames.get(member, member)).lower())
        if name is not None and name in properties:
            found[member] = _parameter(inner, properties, name)
    return found


def _parameter(shape: Shape, properties: Properties, name: str) -> Any:
    if shape.type_name == "structure":
        return parameters(shape, properties.pop_object(name))
    if shape.type_name == "list" and shape.member.type_name == "structure":
        return _structures(shape.member, properties, name)
    return _convert(shape, properties.pop(name))


def _structures(shape: Shape, properties: Properties, name: str) -> list[dict[str, Any]]:
    if not properties.is_object(name):
        return [parameters(shape, each) for each in properties.pop_objects(name)]
    pair = _pair_members(shape)
    if pair is None:
        return [parameters(shape, properties.pop_object(name))]
    key_member, value_member = pair  # tags, dimensions: a map in Pulumi, a list of pairs in many APIs
    pairs = cast("dict[str, Any]", properties.pop(name))
    return [{key_member: key, value_member: as_text(value)} for key, value in pairs.items()]


def _pair_members(shape: Shape) -> tuple[str, str] | None:
    """Return the members of a pair: Key and Value, Name and Value, or TagKey and TagValue."""
    members = sorted(shape.members, key=str.lower)
    is_pair = [member.lower() for member in members] in (["key", "value"], ["name", "value"], ["tagkey", "tagvalue"])
    return (members[0], members[1]) if is_pair else None


def _convert(shape: Shape, value: Any) -> Any:
    if shape.type_name == "list":
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        return [_convert(shape.member, item) for item in items]
    if shape.type_name == "map":
        return {key: _convert(shape.value, item) for key, item in value.items()}
    return _SCALARS[shape.type_name](value) if shape.type_name in _SCALARS else value


def as_text(value: object) -> str:
    """Return a scalar as AWS writes it: `true`, `3`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


_SCALARS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "string": as_text,
    "boolean": lambda value: as_text(value).lower() == "true",
}
