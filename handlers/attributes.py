"""JSON values as DynamoDB attribute values, and back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast


def attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object as DynamoDB's attributes."""
    return {name: attribute(value) for name, value in item.items()}


def attribute(value: Any) -> dict[str, Any]:
    """A JSON value as a DynamoDB attribute value. Raises TypeError for what is none."""
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
            return {"L": [attribute(each) for each in cast("list[Any]", value)]}
        case dict():
            return {"M": attributes(cast("dict[str, Any]", value))}
        case _:
            raise TypeError(f"{type(value).__name__} cannot be stored")


def value(stored: Mapping[str, Any]) -> Any:
    """What an attribute value holds; numbers come back exactly, whole ones as int."""
    ((kind, found),) = stored.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return int(found) if found.lstrip("-").isdigit() else Decimal(found)
        case "L":
            return [value(each) for each in found]
        case "M":
            return values(found)
        case _:
            return found


def values(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What attributes hold."""
    return {name: value(each) for name, each in stored.items()}
