"""Discovery of the collections: every module under `collections/` holds one."""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from types import ModuleType

import handlers.contract.collections
from handlers.contract.collection import Collection


@cache
def load_collections() -> tuple[Collection, ...]:
    """Return the API's collections, sorted by name. Raises TypeError or ValueError for invalid ones."""
    package = handlers.contract.collections
    names = (f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__))
    return checked(collection_of(importlib.import_module(name)) for name in names)


def collection_of(module: ModuleType) -> Collection:
    """Return a module's COLLECTION. Raises TypeError."""
    found = getattr(module, "COLLECTION", None)
    if not isinstance(found, Collection):
        raise TypeError(f"{module.__name__}: COLLECTION must be a Collection, found {found!r}")
    return found


def checked(found: Iterable[Collection]) -> tuple[Collection, ...]:
    """Return the collections sorted by name. Raises ValueError if one name is a prefix of another.

    The authorizer allows a collection as `GET/items*`, which would also allow an `itemsets`.
    """
    ordered = tuple(sorted(found, key=lambda collection: collection.name))
    for first, second in pairwise(ordered):
        if second.name.startswith(first.name):
            raise ValueError(f"collection name {first.name!r} must not be a prefix of another: {second.name!r}")
    return ordered
