"""The indexes of a collection's table. Each serves one kind of list with a query that reads only what it returns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from handlers.contract.keys import CREATED, PARTITION_KEY

SEPARATOR = "+"
"""Between the fields of one index, as a collection names them."""


@dataclass(frozen=True)
class Index:
    """A global secondary index: an owner's items whose fields `equal` have given values, in order of the field `order`.

    The partition key is an attribute that combines the owner and the values of `equal`, or the owner alone. The sort
    key is the field itself, so an index without `equal` contains items that were stored before the index existed.
    """

    equal: tuple[str, ...] = ()
    order: str = CREATED

    @classmethod
    def of_filter(cls, fields: str) -> Self:
        """Return the index of a filter by one field, or by several: `location+category`."""
        return cls.of(fields.split(SEPARATOR))

    @classmethod
    def of_range(cls, fields: str) -> Self:
        """Return the index of a range, alone (`date`) or together with filters (`location+date`)."""
        *equal, order = fields.split(SEPARATOR)
        return cls.of(equal, order)

    @classmethod
    def of(cls, equal: Iterable[str], order: str = CREATED) -> Self:
        """Return the index for these fields, in any order."""
        return cls(tuple(sorted(equal)), order)

    @property
    def name(self) -> str:
        """The index's name in the table."""
        if self.order == CREATED:
            return self.partition_key if self.equal else "by_created"
        return f"{self.partition_key}_{self.order}_range" if self.equal else f"{self.order}_range"

    @property
    def partition_key(self) -> str:
        """The attribute that is the partition key."""
        return "_".join(("by", *self.equal)) if self.equal else PARTITION_KEY

    @property
    def description(self) -> str:
        """What the index serves, in words: `location and a range of date`."""
        return " and ".join((*self.equal, *([f"a range of {self.order}"] if self.order != CREATED else [])))


def range_parameters(field: str) -> tuple[str, str]:
    """Return the query parameters of a field's range: its lowest and its highest value, both included."""
    return f"{field}_from", f"{field}_to"


def orders_of(field: str) -> tuple[str, str]:
    """Return the values of `order` for a field: ascending and, as in JSON:API, with a hyphen descending."""
    return field, f"-{field}"
