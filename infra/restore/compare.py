"""How an item differs between the restore point and the present table, and what each mode does about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from handlers.contract.keys import EXPIRY, PARTITION_KEY, RECORDS

Item = dict[str, dict[str, Any]]
"""An item's attributes, as DynamoDB's API has them."""

REVISION = "revision"
UPDATED = "updated_at"


class Difference(Enum):
    """The difference of an item, with its description."""

    SAME = "equal"
    MISSING = "missing: deleted since then"
    CHANGED = "changed since then"
    ADDED = "added since then"
    RECENT = "written since the restore began; always kept"
    EXPIRED = "expired; neither put back, changed nor removed"
    RECORD = "records of idempotency keys; neither changed nor removed"


class Mode(Enum):
    """Which differences a restore undoes."""

    MISSING = frozenset({Difference.MISSING})
    CHANGED = frozenset({Difference.MISSING, Difference.CHANGED})
    EXACT = frozenset({Difference.MISSING, Difference.CHANGED, Difference.ADDED})


@dataclass(frozen=True)
class Comparison:
    """The rules of a comparison: when the restore began, and the present time in seconds since 1970.

    Items that clients wrote after the restore began are kept, also if the restore is interrupted and continued. A
    present item that has expired counts as missing: no client sees it, and DynamoDB may delete it at any time.
    """

    began: datetime
    now: int

    def difference(self, restored: Item | None, present: Item | None) -> Difference:
        """Return how an item of the restore point and the present item differ; either may be missing."""
        if restored is not None and present is not None and _is_same(restored, present):
            return Difference.SAME
        if self._has_expired(present if restored is None else restored):
            return Difference.EXPIRED
        if present is None or (restored is not None and self._has_expired(present)):
            return Difference.MISSING
        return self._unless_kept(present, Difference.ADDED if restored is None else Difference.CHANGED)

    def _unless_kept(self, present: Item, difference: Difference) -> Difference:
        if present.get(PARTITION_KEY, {}).get("S", "").startswith(RECORDS):
            return Difference.RECORD
        return Difference.RECENT if self._is_recent(present) else difference

    def _is_recent(self, present: Item) -> bool:
        """Return whether a handler wrote the item after the restore began. Texts of times sort in order of time."""
        began = self.began.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return present.get(UPDATED, {}).get("S", "") > began

    def _has_expired(self, item: Item | None) -> bool:
        """Return whether the item's time is over. DynamoDB deletes such items late."""
        expiry = (item or {}).get(EXPIRY, {}).get("N")
        return expiry is not None and float(expiry) <= self.now

    def missing(self, key: str) -> dict[str, Any]:
        """Return the condition of a write that requires that there is no item that clients see.

        `key` is a key attribute.
        """
        return {
            "ConditionExpression": "attribute_not_exists(#key) OR #expiry <= :now",
            "ExpressionAttributeNames": {"#key": key, "#expiry": EXPIRY},
            "ExpressionAttributeValues": {":now": {"N": str(self.now)}},
        }


def unchanged(key: str, seen: Item) -> dict[str, Any]:
    """Return the condition of a write that requires the item to be as it was seen. `key` is a key attribute.

    Every write of a handler sets a new revision, and every record of an idempotency key a new expiry.
    """
    names, clauses = {"#key": key}, ["attribute_exists(#key)"]
    values: Item = {}
    for number, name in enumerate((REVISION, EXPIRY)):
        names[f"#seen{number}"] = name
        clauses.append(f"#seen{number} = :seen{number}" if name in seen else f"attribute_not_exists(#seen{number})")
        if name in seen:
            values[f":seen{number}"] = seen[name]
    return {
        "ConditionExpression": " AND ".join(clauses),
        "ExpressionAttributeNames": names,
        **({"ExpressionAttributeValues": values} if values else {}),
    }


def _is_same(one: Item, other: Item) -> bool:
    return one == other or _without_order(one) == _without_order(other)


def _without_order(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes in which sets have no order: DynamoDB keeps none (AWS, "Supported data types")."""
    return {name: _plain(value) for name, value in attributes.items()}


def _plain(value: Any) -> Any:
    match value:
        case {"SS": elements} | {"NS": elements} | {"BS": elements}:
            return (*value, frozenset(elements))
        case {"L": elements}:
            return [_plain(each) for each in elements]
        case {"M": attributes}:
            return _without_order(attributes)
        case _:
            return value
