"""Discovery of the collections: every module under `collections/` holds one."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from types import ModuleType

import handlers.contract.collections
from handlers.contract.collection import Collection


@cache
def load_collections() -> tuple[Collection, ...]:
    """Return the API's collections, sorted by name. Raises TypeError or ValueError for invalid ones."""
    return checked(map(collection_of, _modules()))


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


def checked(found: Iterable[Collection]) -> tuple[Collection, ...]:
    """Return the collections sorted by name. Raises ValueError if one name is a prefix of another.

    The authorizer allows a collection as `GET/items*`, which would also allow an `itemsets`.
    """
    ordered = tuple(sorted(found, key=lambda collection: collection.name))
    for first, second in pairwise(ordered):
        if second.name.startswith(first.name):
            raise ValueError(f"collection name {first.name!r} must not be a prefix of another: {second.name!r}")
    return ordered
