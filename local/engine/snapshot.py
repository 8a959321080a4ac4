"""The resources of a stack while a deployment changes them, saved after each step."""

import dataclasses
from collections.abc import Mapping

from local.engine.checkpoint import Checkpoint
from local.engine.deployment import Resource


class Snapshot:
    """The resources that the program has registered so far (`new`), and those left of the last deployment (`old`).

    As in Pulumi's engine, the new ones are saved before the old ones. Each list is in the order of dependencies, and so
    is the whole, because nothing new depends on what is left of the old.
    """

    def __init__(self, checkpoint: Checkpoint | None = None, *, read_only: bool = False) -> None:
        self.old: list[Resource] = list(checkpoint.load()) if checkpoint else []
        self.new: list[Resource] = []
        self._file = None if read_only else checkpoint
        self._renamed: dict[str, str] = {}

    def find(self, urn: str) -> Resource | None:
        """Return the resource that the last deployment left with this URN."""
        return next((resource for resource in self.old if resource.urn == urn and not resource.delete), None)

    def registered(self, urn: str) -> Resource | None:
        """Return the resource that the program registered with this URN."""
        return next((resource for resource in self.new if resource.urn == urn), None)

    def add(self, resource: Resource, *, instead_of: Resource | None = None, replaces: Resource | None = None) -> None:
        """Add a resource that the program registered, without saving it.

        `instead_of` is its state so far; `replaces` is another resource, which remains until it is deleted.
        """
        self.new.append(resource)
        previous = instead_of or replaces
        if previous is not None and previous.urn != resource.urn:
            self._renamed[previous.urn] = resource.urn
        if instead_of is not None:
            self.remove(instead_of)
        if replaces is not None:
            self.change(replaces, dataclasses.replace(replaces, delete=True))

    def change(self, before: Resource, after: Resource) -> None:
        """Replace the state of a resource."""
        for resources in (self.old, self.new):
            resources[:] = [after if resource is before else resource for resource in resources]

    def remove(self, resource: Resource) -> None:
        """Remove a resource that no longer exists."""
        for resources in (self.old, self.new):
            resources[:] = [other for other in resources if other is not resource]

    def forget(self, resource: Resource) -> None:
        """Remove a resource that no longer exists, and all references to it."""
        self.remove(resource)
        if not any(other.urn == resource.urn for other in self.old):
            self.old = [_without_urn(other, resource.urn) for other in self.old]

    def save(self) -> None:
        """Write the file, unless the deployment is a preview or keeps no state."""
        if self._file is not None:
            self._file.save([*self.new, *(_with_urns(resource, self._renamed) for resource in self.old)])


def _with_urns(resource: Resource, renamed: Mapping[str, str]) -> Resource:
    """Return a resource that refers to renamed resources by their new URNs."""
    urns = {resource.parent, *resource.dependencies}.union(*resource.property_dependencies.values())
    if urns.isdisjoint(renamed):
        return resource
    return dataclasses.replace(
        resource,
        parent=renamed.get(resource.parent, resource.parent),
        dependencies=tuple(renamed.get(urn, urn) for urn in resource.dependencies),
        property_dependencies={
            name: tuple(renamed.get(urn, urn) for urn in found)
            for name, found in resource.property_dependencies.items()
        },
    )


def _without_urn(resource: Resource, gone: str) -> Resource:
    """Return a resource that does not refer to another one."""
    sources = resource.property_dependencies.items()
    return dataclasses.replace(
        resource,
        parent="" if resource.parent == gone else resource.parent,
        dependencies=tuple(urn for urn in resource.dependencies if urn != gone),
        property_dependencies={name: tuple(urn for urn in urns if urn != gone) for name, urns in sources},
    )
