"""The resources of a state in numbered slots, so that each step of a deployment changes only a few of them."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from local.engine.deployment import Resource
from local.engine.entries import resource_of
from local.engine.journal import Change


class Slots:
    """The resources left of the last deployment, in the first slots, and those that the program registered after them.

    A resource is found by its identity or its URN, in a time that does not depend on the number of resources.
    """

    def __init__(self, old: Sequence[Resource] = ()) -> None:
        self._resources: dict[int, Resource] = {}
        self._slots: dict[int, int] = {}
        self._by_urn: defaultdict[str, list[int]] = defaultdict(list)
        self._first_new = self._next = len(old)
        for slot, resource in enumerate(old):
            self.put(slot, resource)

    @property
    def old(self) -> list[Resource]:
        """What is left of the last deployment, in the order of dependencies."""
        return [resource for slot, resource in self._resources.items() if slot < self._first_new]

    @property
    def new(self) -> list[Resource]:
        """What the program registered, in this order."""
        return [resource for slot, resource in self._resources.items() if slot >= self._first_new]

    def find(self, urn: str, *, new: bool) -> Iterator[Resource]:
        """Yield the new or the old resources with a URN."""
        for slot in self._by_urn.get(urn, ()):
            resource = self._resources.get(slot)
            if resource is not None and resource.urn == urn and new is (slot >= self._first_new):
                yield resource

    def slot_of(self, resource: Resource) -> int | None:
        """Return the slot of exactly this object."""
        return self._slots.get(id(resource))

    def add(self, resource: Resource) -> int:
        """Put a resource in a slot after all others, and return its number."""
        slot, self._next = self._next, self._next + 1
        self.put(slot, resource)
        return slot

    def put(self, slot: int, resource: Resource | None) -> None:
        """Replace what is in a slot; None empties it."""
        before = self._resources.pop(slot, None) if resource is None else self._resources.get(slot)
        if before is not None:
            del self._slots[id(before)]
        if resource is not None:
            self._resources[slot] = resource
            self._slots[id(resource)] = slot
            self._by_urn[resource.urn].append(slot)

    def in_order(self, renamed: Mapping[str, str]) -> list[Resource]:
        """Return the new and then the old resources, which refer to renamed resources by their new URNs."""
        return [*self.new, *(_with_urns(resource, renamed) for resource in self.old)]


def with_changes(resources: Sequence[Resource], changes: Iterable[Change]) -> list[Resource]:
    """Return the resources of a state after the changes in its journal. Raises ValueError."""
    slots, renamed = Slots(resources), dict[str, str]()
    for change in changes:
        if change.renamed is None:
            slots.put(change.slot, None if change.entry is None else resource_of(change.entry))
        else:
            renamed[change.renamed[0]] = change.renamed[1]
    return slots.in_order(renamed)


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
