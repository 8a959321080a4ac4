"""A function's environment variables, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from handlers.contract import Collection, load_collections
from handlers.cors import CORS_VARIABLES, CorsPolicy
from handlers.metrics import METRICS

COLLECTION = "COLLECTION"
TABLE = "TABLE"
TABLE_PREFIX = "TABLE_PREFIX"
LIFETIMES = "LIFETIMES"
VARIABLES = (COLLECTION, TABLE, TABLE_PREFIX, LIFETIMES, METRICS, *CORS_VARIABLES)
"""The variables. A function of one collection has the first two, one of several only the prefix of their tables.

Where items expire, a JSON object has the days after which they do, by collection.
"""

DAY = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A function's collection, that collection's table, and which pages may call it from browsers.

    `lifetime` is the number of seconds that an item lives after it was last written; None is forever.
    """

    collection: Collection
    table: str
    lifetime: int | None = None
    cors: CorsPolicy = field(default_factory=CorsPolicy)

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ, collection: str = "") -> "Environment":
        """Read the environment variables; `collection` is for functions that serve several.

        Raises LookupError for a missing variable or an unknown collection.
        """
        name = collection or variables[COLLECTION]
        collections = {each.name: each for each in load_collections()}
        if name not in collections:
            raise LookupError(f"unknown {COLLECTION} {name!r}; known: {list(collections)}")
        table = variables.get(TABLE) or f"{variables[TABLE_PREFIX]}{name}"
        days = msgspec.json.decode(variables.get(LIFETIMES, "{}"), type=dict[str, int]).get(name)
        lifetime = None if days is None else days * DAY
        return cls(collection=collections[name], table=table, lifetime=lifetime, cors=CorsPolicy.read(variables))
