"""A collection: a named set of items that clients create, read, change and delete."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from handlers.contract import keys
from handlers.contract.identifiers import Id
from handlers.contract.index import Index, orders_of, range_parameters
from handlers.contract.validation import allows_null, unwrapped

NAME = re.compile(r"[a-z][a-z0-9]{0,29}")
"""What a collection's name may be: it is a path segment, a scope's prefix and part of resource names."""

RESERVED = frozenset({keys.PARTITION_KEY, keys.SORT_KEY, keys.EXPIRY, keys.CREATED, "updated_at", "revision"})
"""The attributes that every stored item has besides its model's fields."""

RESERVED_PATHS = frozenset({"ping", "sping"})
"""The paths that API Gateway reserves for its health checks."""


LIMIT, CURSOR, ORDER = "limit", "cursor", "order"
PARAMETERS = (LIMIT, CURSOR, ORDER)
"""The query parameters that every list has; a collection may add filters and ranges."""

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
ORDERS = ("newest", "oldest")
"""Which items come first; the first of these is the default."""


class Model(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base class for the fields that a client may write, with their limits as `msgspec.Meta`."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """One collection of the API.

    `name` is plural and in lower case (`items`); `model` holds the fields that a client may write; `example` is such a
    body, for the OpenAPI document; `partition` decides whose data a request sees: that of the `owner` (issuer and
    subject), of a whole `tenant` (a claim that the issuer's settings name), or everyone's (`shared`).

    `filters` are the fields by which a list can be filtered (`location`), or by several at once (`category+location`).
    `ranges` are the fields of which a list can have a range and the order (`date`), or a range of the last field at
    values of the others (`location+date`). Each entry has an index; other combinations are rejected.

    With `client_ids`, a client may choose an item's id, and the list is read in order of creation from an index,
    eventually consistent; without, the ids themselves are in that order. `id_parameter` is a query parameter of the
    list that looks up one item by its id.

    Raises ValueError if the name, a field or the example would not work once deployed.
    """

    name: str
    model: type[Model]
    example: dict[str, Any]
    singular: str = ""
    summary: str = ""
    partition: str = "owner"
    filters: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    client_ids: bool = False
    id_parameter: str = ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.name in RESERVED_PATHS:
            raise ValueError(f"collection name {self.name!r}: must match {NAME.pattern} and not be ping or sping")
        if reserved := RESERVED & set(self.field_names):
            raise ValueError(f"collection {self.name!r}: the API itself sets the fields {', '.join(sorted(reserved))}")
        if self.partition not in ("owner", "tenant", "shared"):
            raise ValueError(f"collection {self.name!r}: partition {self.partition!r} must be owner, tenant or shared")
        self._check_parameters()
        if not self.singular:
            object.__setattr__(self, "singular", self.name.removesuffix("s"))
        msgspec.convert(self.example, self.model)

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of the fields that clients write, as in JSON."""
        return self.model.__struct_encode_fields__

    @cached_property
    def new_model(self) -> type[Model]:
        """The model of a new item, which has an optional id where clients may choose it."""
        if not self.client_ids:
            return self.model
        chosen = Annotated[Id, Meta(description="The item's id; the API creates one if it is left out.")]
        fields = [("id", chosen | UnsetType, UNSET)]
        name = f"New{self.model.__name__}"
        return cast("type[Model]", msgspec.defstruct(name, fields, bases=(self.model,), kw_only=True))

    @cached_property
    def field_types(self) -> dict[str, Any]:
        """The types of the fields that clients write."""
        return {field.encode_name: field.type for field in msgspec.structs.fields(self.model)}

    @cached_property
    def indexes(self) -> tuple[Index, ...]:
        """The table's indexes: one for each filter and range, and one by creation where clients choose the ids."""
        creation = (Index(),) if self.client_ids else ()
        return (*map(Index.of_filter, self.filters), *creation, *map(Index.of_range, self.ranges))

    @cached_property
    def index_attributes(self) -> dict[str, tuple[str, ...]]:
        """The attributes of an item that only indexes need, with the fields that they combine."""
        return {index.partition_key: index.equal for index in self.indexes if index.equal}

    @cached_property
    def filter_fields(self) -> tuple[str, ...]:
        """The fields that are query parameters of the list."""
        return tuple(dict.fromkeys(name for index in self.indexes for name in index.equal))

    @cached_property
    def range_fields(self) -> tuple[str, ...]:
        """The fields that a list can be in order of."""
        return tuple(dict.fromkeys(index.order for index in self.indexes if index.order != keys.CREATED))

    @cached_property
    def nullable_fields(self) -> tuple[str, ...]:
        """The fields that may be null. A null is not stored, because it cannot be the key of an index."""
        return tuple(name for name, kind in self.field_types.items() if allows_null(kind))

    @cached_property
    def number_ranges(self) -> tuple[str, ...]:
        """The fields of ranges that are stored as numbers; all others are stored as texts."""
        return tuple(name for name in self.range_fields if unwrapped(self.field_types[name]) in (int, Decimal))

    @property
    def orders(self) -> tuple[str, ...]:
        """The orders that a list can have."""
        return (*ORDERS, *(order for name in self.range_fields for order in orders_of(name)))

    @property
    def list_parameters(self) -> tuple[str, ...]:
        """The query parameters of the collection's list."""
        bounds = (name for field in self.range_fields for name in range_parameters(field))
        return (*PARAMETERS, *self.filter_fields, *bounds, *filter(None, (self.id_parameter,)))

    def _check_parameters(self) -> None:
        names = self.field_names
        if self.id_parameter in (*names, *PARAMETERS):
            raise ValueError(f"collection {self.name!r}: id_parameter {self.id_parameter!r} is taken")
        for option, fields in (("filter", self.filter_fields), ("range", self.range_fields)):
            for name in fields:
                if name not in names or name in PARAMETERS:
                    raise ValueError(f"collection {self.name!r}: {option} {name!r} must be one of: {', '.join(names)}")
        self._check_unique("query parameter", self.list_parameters)
        self._check_unique("order", self.orders)
        self._check_unique("index", [index.name for index in self.indexes])
        self._check_unique("attribute", [*names, *self.index_attributes])
        for index in self.indexes:
            self._check_unique("field", [*index.equal, index.order])

    def _check_unique(self, kind: str, given: Sequence[str]) -> None:
        if repeated := sorted({name for name in given if given.count(name) > 1}):
            raise ValueError(f"collection {self.name!r}: the {kind} {', '.join(repeated)} is taken")
