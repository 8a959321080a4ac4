"""A collection: a named set of things that clients create, read, change and delete."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from handlers.contract import keys, listing

NAME = re.compile(r"[a-z][a-z0-9]{0,29}")
"""A collection's name is a path segment, a scope's prefix and part of resource names, so it is kept plain."""

RESERVED = frozenset({keys.PARTITION_KEY, keys.SORT_KEY, keys.EXPIRY, keys.CREATED, "updated_at", "revision"})
"""Attributes that every stored item has besides its model's."""

RESERVED_PATHS = frozenset({"ping", "sping"})
"""Paths that API Gateway answers itself."""


class Model(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a client may write. Subclasses declare fields, with `msgspec.Meta` for limits."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """One collection of the API.

    `name` is plural and lower case (`items`); `model` holds the fields a client may write; `example` is such a body,
    for the published document; `partition` says whose data a request sees: the `owner` (issuer and subject), a whole
    `tenant` (a claim that the issuer's settings name), or everyone (`shared`).

    `filters` are the fields that a list can be filtered by, each served by an index, so adding one to a table that has
    data makes DynamoDB build it. With `client_ids` a client may choose an item's id, and an index puts the list in
    order of creation, eventually consistent; otherwise the ids do. `id_parameter` is a query parameter of the list that
    looks up one item by its id.

    Raises ValueError where the name, a field or the example would not work once deployed.
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
            raise ValueError(
                f"collection name {self.name!r}: allowed is {NAME.pattern}, and not {sorted(RESERVED_PATHS)}"
            )
        if taken := RESERVED & set(self.field_names):
            raise ValueError(f"collection {self.name!r}: fields {sorted(taken)} are set by the API itself")
        if self.partition not in ("owner", "tenant", "shared"):
            raise ValueError(
                f"collection {self.name!r}: partition {self.partition!r}, allowed is owner, tenant or shared"
            )
        self._check_parameters()
        if not self.singular:
            object.__setattr__(self, "singular", self.name.removesuffix("s"))
        msgspec.convert(self.example, self.model)

    @property
    def field_names(self) -> tuple[str, ...]:
        """The fields that clients write, as they write them."""
        return self.model.__struct_encode_fields__

    @property
    def indexes(self) -> dict[str, str]:
        """The indexes of the table: each one's partition key, by its name. The sort key of all is the creation time."""
        by_field = {name: name for name in map(keys.index_name, self.filters)}
        return by_field | ({keys.CREATION_INDEX: keys.PARTITION_KEY} if self.client_ids else {})

    @property
    def list_parameters(self) -> tuple[str, ...]:
        """The query parameters that the collection's list takes."""
        return (*listing.PARAMETERS, *self.filters, *filter(None, (self.id_parameter,)))

    def _check_parameters(self) -> None:
        names = self.field_names
        for name in self.filters:
            if name not in names or name in listing.PARAMETERS:
                raise ValueError(f"collection {self.name!r}: filter {name!r}, allowed are its fields {names}")
            if keys.index_name(name) == keys.CREATION_INDEX:
                raise ValueError(f"collection {self.name!r}: filter {name!r}, the index {keys.CREATION_INDEX} is taken")
        if self.id_parameter in (*names, *listing.PARAMETERS):
            raise ValueError(f"collection {self.name!r}: id_parameter {self.id_parameter!r} is taken")
