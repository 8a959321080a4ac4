"""Which items a list returns, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from handlers.contract import Collection, Index
from handlers.contract.keys import CREATED


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The items whose fields have the values `equal`, and whose field `order` is from `lowest` to `highest`, if given.

    They are in order of the field `order`, by default of their creation.
    """

    collection: Collection
    equal: Mapping[str, Any]
    order: str = CREATED
    lowest: Any = None
    highest: Any = None
    descending: bool = True

    @property
    def index(self) -> Index | None:
        """The index with these items in this order. None is the table, where it is in order of creation already."""
        index = Index.of(self.equal, self.order)
        return None if index == Index() and not self.collection.client_ids else index

    def contains(self, item: Mapping[str, Any]) -> bool:
        """Return whether an item is one of these."""
        if any(item.get(name) != value for name, value in self.equal.items()):
            return False
        return item.get(self.order) is not None and self.has_in_range(item[self.order])

    def has_in_range(self, value: Any) -> bool:
        """Return whether a value of the field `order` is in its range."""
        return (self.lowest is None or value >= self.lowest) and (self.highest is None or value <= self.highest)

    def identity(self, owner: str) -> bytes:
        """Return a text that only the same selection of the same owner's items has."""
        equal = sorted((name, str(value)) for name, value in self.equal.items())
        bounds = [None if each is None else str(each) for each in (self.lowest, self.highest)]
        return msgspec.json.encode([self.collection.name, owner, equal, self.order, *bounds, self.descending])
