"""Discovery of the collections: every module under `collections/` holds one."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

import handlers.contract.collections
from handlers.contract.collection import Collection


@cache
def load_collections() -> tuple[Collection, ...]:
    """Return the API's collections, sorted by name. Raises TypeError for invalid ones."""
    package = handlers.contract.collections
    names = (f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__))
    found = (collection_of(importlib.import_module(name)) for name in names)
    return tuple(sorted(found, key=lambda collection: collection.name))


def collection_of(module: ModuleType) -> Collection:
    """Return a module's COLLECTION. Raises TypeError."""
    found = getattr(module, "COLLECTION", None)
    if not isinstance(found, Collection):
        raise TypeError(f"{module.__name__}: COLLECTION must be a Collection, found {found!r}")
    return found
