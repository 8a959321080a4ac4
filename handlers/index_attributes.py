"""The attributes of an item that only the table's indexes need."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from handlers.contract import Collection
from handlers.contract.index import SEPARATOR


def index_attributes(collection: Collection, owner: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the partition keys of an item's indexes. An item with an empty field is not in the field's indexes."""
    combined = {
        name: {field: fields.get(field) for field in equal} for name, equal in collection.index_attributes.items()
    }
    return {
        name: partition_value(owner, equal)
        for name, equal in combined.items()
        if not any(value in (None, "") for value in equal.values())
    }


def partition_value(owner: str, equal: Mapping[str, Any]) -> str:
    """Return the value of an index's partition key: the owner alone, or the owner with the values of fields."""
    if not equal:
        return owner
    fields = sorted(equal)
    *others, last = (_text(equal[field]) for field in fields)
    # Owners and values may contain the separator; the lengths make the key unambiguous.
    values = "".join(f"{len(value)}#{value}#" for value in others) + last
    return f"{len(owner)}#{owner}#{SEPARATOR.join(fields)}#{values}"


def _text(value: Any) -> str:
    """Return a value as text. Equal numbers have equal texts: 1.5 and 1.50."""
    if not isinstance(value, Decimal):
        return str(value)
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"
