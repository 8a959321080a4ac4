"""The bundles of the handlers: each contains only its collections, so that others can change without it."""

import ast
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from handlers.contract.discovery import collection_modules
from infra.packaging.bundles import ROOT, Bundle, modules_of
from infra.packaging.requirements import Requirements
from infra.packaging.target import Target
from infra.packaging.trimmed_packages import (
    BOTOCORE_EXCLUDED,
    BOTOCORE_INCLUDED,
    BOTOCORE_REPLACED,
    MSGSPEC_REPLACED,
    trim_botocore,
)

PACKAGE = ROOT / "handlers"
COLLECTIONS = "handlers/contract/collections/"
LAYER_ROOT = "python/"
"""The folder of a layer that Python imports from (AWS, "Packaging your layer content")."""


class HandlerSources:
    """The modules of the handlers, read once for all bundles of a deployment."""

    def __init__(self, package: Path = PACKAGE) -> None:
        self._modules = modules_of(package)

    @cached_property
    def _imports(self) -> dict[str, set[str]]:
        """The modules of collections that each of them imports, by path."""
        paths = [path for path in self._modules if path.startswith(COLLECTIONS)]
        return {path: set(_imported(self._modules[path])) & set(paths) for path in paths}

    def of(self, collections: Iterable[str]) -> dict[str, bytes]:
        """Return the modules that functions of these collections need, by path."""
        modules = collection_modules()
        needed = {f"{COLLECTIONS}__init__.py"}
        missing = {f"{modules[name].replace('.', '/')}.py" for name in collections}
        while missing:
            needed |= missing
            missing = {path for module in missing for path in self._imports[module]} - needed
        return {path: each for path, each in self._modules.items() if path in needed or path not in self._imports}


def _imported(source: bytes) -> Iterable[str]:
    """Yield the paths that a collection's module may import; imports are absolute."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (f"{name.replace('.', '/')}.py" for name in names)


def packages(target: Target, *, compiled: bool) -> Requirements:
    """Return what the handlers need of their packages."""
    return Requirements(
        file=PACKAGE / "requirements.txt",
        target=target,
        excluded=BOTOCORE_EXCLUDED,
        included=BOTOCORE_INCLUDED,
        transform=trim_botocore,
        replaced={**BOTOCORE_REPLACED, **MSGSPEC_REPLACED},
        compiled=compiled,
    )


def handlers_bundle(
    target: Target,
    modules: Mapping[str, bytes] | None = None,
    *,
    name: str = "handlers",
    compiled: bool = False,
    layered: bool = False,
) -> Bundle:
    """Return a bundle with these modules, all unless given; if `layered`, without packages."""
    return Bundle(
        name=name,
        target=target,
        files=modules_of(PACKAGE) if modules is None else modules,
        requirements=None if layered else packages(target, compiled=compiled),
        compiled=compiled,
    )


def layer_bundle(target: Target, *, compiled: bool = False) -> Bundle:
    """Return the layer with the packages of all handlers."""
    return Bundle(
        name="layer",
        target=target,
        files={},
        requirements=packages(target, compiled=compiled),
        root=LAYER_ROOT,
        compiled=compiled,
    )
