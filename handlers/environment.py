"""A function's environment variables, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.contract import Collection, load_collections
from handlers.cors import CORS_VARIABLES, CorsPolicy
from handlers.metrics import METRICS

COLLECTION = "COLLECTION"
TABLE = "TABLE"
TABLE_PREFIX = "TABLE_PREFIX"
VARIABLES = (COLLECTION, TABLE, TABLE_PREFIX, METRICS, *CORS_VARIABLES)
"""The variables. A function of one collection has the first two, one of several only the prefix of their tables."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A function's collection, that collection's table, and which pages may call it from browsers."""

    collection: Collection
    table: str
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
        return cls(collection=collections[name], table=table, cors=CorsPolicy.read(variables))
