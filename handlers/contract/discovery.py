"""Finding the collections: every module under `collections/` that holds a COLLECTION."""

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
    """The collections of the API, by name. Raises ValueError where two of them could be confused."""
    package = handlers.contract.collections
    names = (f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__))
    return checked(collection_of(importlib.import_module(name)) for name in names)


def collection_of(module: ModuleType) -> Collection:
    """The COLLECTION that a module holds."""
    found = getattr(module, "COLLECTION", None)
    if not isinstance(found, Collection):
        raise TypeError(f"{module.__name__}: COLLECTION is {found!r}, a Collection is needed")
    return found


def checked(found: Iterable[Collection]) -> tuple[Collection, ...]:
    """The collections in order, once no name is a prefix of another's.

    The authorizer grants a collection as `GET/items*`; with an `itemsets` beside it, that would grant both.
    """
    ordered = tuple(sorted(found, key=lambda collection: collection.name))
    for first, second in pairwise(ordered):
        if second.name.startswith(first.name):
            raise ValueError(f"collection names {first.name!r} and {second.name!r}: none may be a prefix of another")
    return ordered
