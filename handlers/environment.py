"""A function's environment variables, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from handlers.contract import Collection, load_collections


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A function's collection, that collection's table, and the origins from which browsers may call."""

    collection: Collection
    table: str
    cors_origins: tuple[str, ...]

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> "Environment":
        """Read the environment variables. Raises LookupError for a missing one or an unknown collection."""
        name = variables["COLLECTION"]
        collections = {each.name: each for each in load_collections()}
        if name not in collections:
            raise LookupError(f"unknown COLLECTION {name!r}; known: {list(collections)}")
        origins = tuple(variables.get("CORS_ORIGINS", "").split())
        return cls(collection=collections[name], table=variables["TABLE"], cors_origins=origins)
