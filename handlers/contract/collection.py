"""A collection: a named set of items that clients create, read, change and delete."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from handlers.contract import keys
from handlers.contract.identifiers import Id

NAME = re.compile(r"[a-z][a-z0-9]{0,29}")
"""What a collection's name may be: it is a path segment, a scope's prefix and part of resource names."""

RESERVED = frozenset({keys.PARTITION_KEY, keys.SORT_KEY, keys.EXPIRY, keys.CREATED, "updated_at", "revision"})
"""The attributes that every stored item has besides its model's fields."""

RESERVED_PATHS = frozenset({"ping", "sping"})
"""The paths that API Gateway reserves for its health checks."""


LIMIT, CURSOR, ORDER = "limit", "cursor", "order"
PARAMETERS = (LIMIT, CURSOR, ORDER)
"""The query parameters that every list has; a collection may add filters."""

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

    `filters` are the fields by which a list can be filtered. Each has an index, so adding a filter to a table with data
    makes DynamoDB build one. With `client_ids`, a client may choose an item's id, and the list is read in order of
    creation from an index, eventually consistent; without, the ids themselves are in that order. `id_parameter` is a
    query parameter of the list that looks up one item by its id.

    Raises ValueError if the name, a field or the example would not work once deployed.
    """

    name: str
    model: type[Model]
    example: dict[str, Any]
    singular: str = ""
    summary: str = ""
    partition: str = "owner"
    filters: tuple[str, ...] = ()
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

    @property
    def indexes(self) -> dict[str, str]:
        """The partition keys of the table's indexes by the indexes' names; every sort key is the time of creation."""
        by_field = {name: name for name in map(keys.index_name, self.filters)}
        return by_field | ({keys.CREATION_INDEX: keys.PARTITION_KEY} if self.client_ids else {})

    @property
    def list_parameters(self) -> tuple[str, ...]:
        """The query parameters of the collection's list."""
        return (*PARAMETERS, *self.filters, *filter(None, (self.id_parameter,)))

    def _check_parameters(self) -> None:
        names = self.field_names
        for name in self.filters:
            if name not in names or name in PARAMETERS:
                raise ValueError(f"collection {self.name!r}: filter {name!r} must be one of: {', '.join(names)}")
            if keys.index_name(name) == keys.CREATION_INDEX:
                raise ValueError(f"collection {self.name!r}: filter {name!r}: the index {keys.CREATION_INDEX} is taken")
        if self.id_parameter in (*names, *PARAMETERS):
            raise ValueError(f"collection {self.name!r}: id_parameter {self.id_parameter!r} is taken")
