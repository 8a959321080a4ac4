"""A function's environment variables, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.contract import Collection, load_collections
from handlers.cors import CorsPolicy


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A function's collection, that collection's table, and which pages may call it from browsers."""

    collection: Collection
    table: str
    cors: CorsPolicy = field(default_factory=CorsPolicy)

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> "Environment":
        """Read the environment variables. Raises LookupError for a missing one or an unknown collection."""
        name = variables["COLLECTION"]
        collections = {each.name: each for each in load_collections()}
        if name not in collections:
            raise LookupError(f"unknown COLLECTION {name!r}; known: {list(collections)}")
        return cls(collection=collections[name], table=variables["TABLE"], cors=CorsPolicy.read(variables))
