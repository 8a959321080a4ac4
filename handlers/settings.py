"""What a function is told by its environment, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from handlers.contract import Collection, load_collections


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One function's settings: its collection, that collection's table, and the origins browsers may call from."""

    collection: Collection
    table: str
    cors_origins: tuple[str, ...]

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings in the environment. Raises KeyError or LookupError where one is missing or names nothing."""
        name = environment["COLLECTION"]
        for collection in load_collections():
            if collection.name == name:
                origins = tuple(environment.get("CORS_ORIGINS", "").split())
                return cls(collection=collection, table=environment["TABLE"], cors_origins=origins)
        raise LookupError(f"COLLECTION {name!r} is none of {[collection.name for collection in load_collections()]}")


def in_lambda(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this runs in Lambda, where what is made at import is made before the first request comes."""
    return "AWS_LAMBDA_FUNCTION_NAME" in environment
