"""The sample collections, which tests call, and whose numbers the documentation has."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from handlers.contract import discovery

SAMPLES = ("events", "items", "users")


@contextmanager
def only_samples() -> Iterator[None]:
    """Let the API have only the sample collections, whatever others the project has."""
    modules = [module for module in discovery._modules() if discovery.collection_of(module).name in SAMPLES]
    with patch.object(discovery, "_modules", lambda: modules):
        discovery.load_collections.cache_clear()
        try:
            yield
        finally:
            discovery.load_collections.cache_clear()
