"""Discovery of the collections: every module under `collections/` holds one."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import handlers.contract.collections
from handlers.contract.collection import Collection


@cache
def load_collections() -> tuple[Collection, ...]:
    """Return the API's collections, sorted by name. Raises TypeError for invalid ones."""
    return tuple(sorted(map(collection_of, _modules()), key=lambda collection: collection.name))


def collection_modules() -> dict[str, str]:
    """Return the names of the collections' modules by the collections' names."""
    return {collection_of(module).name: module.__name__ for module in _modules()}


def _modules() -> Iterator[ModuleType]:
    package = handlers.contract.collections
    for module in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{module.name}")


def collection_of(module: ModuleType) -> Collection:
    """Return a module's COLLECTION. Raises TypeError."""
    found = getattr(module, "COLLECTION", None)
    if not isinstance(found, Collection):
        raise TypeError(f"{module.__name__}: COLLECTION must be a Collection, found {found!r}")
    return found
