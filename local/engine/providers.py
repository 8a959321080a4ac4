"""Default providers: the resources of a state that stand for the providers of a program's packages."""

import dataclasses
import re
import uuid
from collections.abc import Mapping

from local.engine.deployment import PROVIDER_TYPE_PREFIX, Resource
from local.engine.snapshot import Snapshot
from local.engine.urns import make_urn


class DefaultProviders:
    """Adds a provider resource to the state for each package and version, with the package's settings as inputs."""

    def __init__(self, snapshot: Snapshot, *, project: str, stack: str, config: Mapping[str, str]) -> None:
        self._snapshot = snapshot
        self._project = project
        self._stack = stack
        self._config = config
        self._references: dict[str, str] = {}

    def reference(self, type_: str, version: str) -> str:
        """Return the reference to the provider of a resource type; one that the state has is kept."""
        package = type_.partition(":")[0]
        name = f"default_{re.sub('[^0-9A-Za-z]', '_', version)}" if version else "default"
        provider_type = f"{PROVIDER_TYPE_PREFIX}{package}"
        urn = make_urn(stack=self._stack, project=self._project, parent="", type_=provider_type, name=name)
        if urn not in self._references:
            old = self._snapshot.find(urn)
            made = old or _provider(urn, provider_type, name)
            inputs = self._inputs(package, version)
            made = dataclasses.replace(made, inputs=inputs, outputs=old.outputs if old else _public(inputs))
            self._snapshot.add(made, instead_of=old)
            self._references[urn] = f"{urn}::{made.id}"
        return self._references[urn]

    def _inputs(self, package: str, version: str) -> dict[str, object]:
        prefix = f"{package}:"
        settings = {key.removeprefix(prefix): value for key, value in self._config.items() if key.startswith(prefix)}
        return {**settings, **({"__internal": {}, "version": version} if version else {})}


def _provider(urn: str, type_: str, name: str) -> Resource:
    return Resource(
        urn=urn,
        type=type_,
        name=name,
        id=str(uuid.uuid4()),
        parent="",
        custom=True,
        inputs={},
    )


def _public(inputs: Mapping[str, object]) -> dict[str, object]:
    """Return a provider's outputs: its inputs without those of the engine."""
    return {name: value for name, value in inputs.items() if name != "__internal"}
