"""The providers of a deployment: the resources that stand for them in the state, and what they are configured to do."""

import dataclasses
import re
import uuid
from collections.abc import Mapping
from typing import Any

from local.engine.deployment import PROVIDER_TYPE_PREFIX, Resource
from local.engine.snapshot import Snapshot
from local.engine.urns import make_urn
from local.engine.values import revealed
from local.provider.state import Diff, Document, Failure, Provider, State


class Providers:
    """Finds the provider of a resource, configured with the inputs of the provider resource that it refers to."""

    def __init__(self, provider: Provider, snapshot: Snapshot) -> None:
        self._provider = provider
        self._snapshot = snapshot
        self._configured: dict[str, Provider] = {}

    def of(self, resource: Resource) -> Provider:
        """Return the provider that manages a resource."""
        return ProviderResources(self._provider) if resource.is_provider else self.find(resource.provider)

    def find(self, reference: str) -> Provider:
        """Return the provider with a reference (`URN::id`)."""
        urn = reference.rpartition("::")[0]
        if urn not in self._configured:
            found = self._snapshot.registered(urn) or self._snapshot.find(urn)
            if found is None:
                return self._provider
            self._configured[urn] = self._provider.configured(revealed(dict(found.inputs)))
        return self._configured[urn]


class ProviderResources:
    """Manages the resources that a program creates for providers: nothing but their settings exists."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def configured(self, settings: Document) -> Provider:  # noqa: ARG002 - the interface of providers
        """Return this provider: it has no settings."""
        return self

    def with_defaults(self, type_: str, inputs: Document) -> Document:  # noqa: ARG002 - the interface of providers
        """Return the inputs unchanged."""
        return inputs

    def check(self, type_: str, inputs: Document) -> list[Failure]:  # noqa: ARG002 - the interface of providers
        """Return why the provider rejects the settings."""
        try:
            self._provider.configured(inputs)
        except ValueError as error:
            return [Failure(property="", reason=str(error))]
        return []

    def diff(self, type_: str, state: State, inputs: Document) -> Diff:  # noqa: ARG002 - the interface of providers
        """Compare settings; all can be changed in place."""
        names = sorted({*state.inputs, *inputs})
        return Diff(changed=tuple(name for name in names if state.inputs.get(name) != inputs.get(name)))

    def create(self, type_: str, name: str, inputs: Document) -> State:  # noqa: ARG002 - the interface of providers
        """Return the state of a new provider."""
        return State(id=str(uuid.uuid4()), inputs=inputs, outputs=_public(inputs))

    def read(self, type_: str, state: State) -> State | None:  # noqa: ARG002 - the interface of providers
        """Return the state unchanged."""
        return state

    def update(self, type_: str, state: State, inputs: Document) -> State:  # noqa: ARG002 - the interface of providers
        """Return the state with other settings."""
        return State(id=state.id, inputs=inputs, outputs=_public(inputs))

    def delete(self, type_: str, state: State) -> None:
        """Do nothing."""

    def invoke(self, token: str, args: Document) -> Document | None:
        """Raise NotImplementedError: functions belong to the provider itself."""
        raise NotImplementedError(token)


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


def _public(inputs: Mapping[str, Any]) -> Document:
    """Return a provider's outputs: its inputs without those of the engine."""
    return {name: value for name, value in inputs.items() if name != "__internal"}
