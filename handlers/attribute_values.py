"""Conversion between JSON values and DynamoDB attribute values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast


def serialize_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a JSON object to DynamoDB attributes."""
    return {name: serialize(value) for name, value in item.items()}


def serialize(value: Any) -> dict[str, Any]:
    """Convert a JSON value to a DynamoDB attribute value. Raises TypeError for any other value."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [serialize(each) for each in cast("list[Any]", value)]}
        case dict():
            return {"M": serialize_item(cast("dict[str, Any]", value))}
        case _:
            raise TypeError(f"{type(value).__name__} cannot be stored")


def deserialize(attribute: Mapping[str, Any]) -> Any:
    """Convert a DynamoDB attribute value to a JSON value. Numbers stay exact; whole ones become int."""
    ((kind, value),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "L":
            return [deserialize(each) for each in value]
        case "M":
            return deserialize_item(value)
        case _:
            return value


def deserialize_item(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Convert DynamoDB attributes to a JSON object."""
    return {name: deserialize(value) for name, value in attributes.items()}
