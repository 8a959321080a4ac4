"""The resources of a stack while a deployment changes them, recorded after each step."""

import dataclasses

from local.engine.checkpoint import Checkpoint
from local.engine.deployment import Resource
from local.engine.entries import entry_of
from local.engine.journal import Change
from local.engine.slots import Slots


class Snapshot:
    """The resources that the program has registered so far (`new`), and those left of the last deployment (`old`).

    As in Pulumi's engine, the new ones are saved before the old ones. Each list is in the order of dependencies, and so
    is the whole, because nothing new depends on what is left of the old.
    """

    def __init__(self, checkpoint: Checkpoint | None = None, *, read_only: bool = False) -> None:
        self._slots = Slots(checkpoint.load() if checkpoint else ())
        self._file = None if read_only else checkpoint
        self._renamed: dict[str, str] = {}
        self._changed: dict[int, Resource | None] = {}
        self._newly_renamed: list[tuple[str, str]] = []

    @property
    def old(self) -> list[Resource]:
        """What is left of the last deployment."""
        return self._slots.old

    @property
    def new(self) -> list[Resource]:
        """What the program registered."""
        return self._slots.new

    def find(self, urn: str) -> Resource | None:
        """Return the resource that the last deployment left with this URN."""
        return next((each for each in self._slots.find(urn, new=False) if not each.delete), None)

    def registered(self, urn: str) -> Resource | None:
        """Return the resource that the program registered with this URN."""
        return next(self._slots.find(urn, new=True), None)

    def add(self, resource: Resource, *, instead_of: Resource | None = None, replaces: Resource | None = None) -> None:
        """Add a resource that the program registered, without recording it.

        `instead_of` is its state so far; `replaces` is another resource, which remains until it is deleted.
        """
        self._changed[self._slots.add(resource)] = resource
        previous = instead_of or replaces
        if previous is not None and previous.urn != resource.urn:
            self._renamed[previous.urn] = resource.urn
            self._newly_renamed.append((previous.urn, resource.urn))
        if instead_of is not None:
            self.remove(instead_of)
        if replaces is not None:
            self.change(replaces, dataclasses.replace(replaces, delete=True))

    def change(self, before: Resource, after: Resource) -> None:
        """Replace the state of a resource."""
        self._put(before, after)

    def remove(self, resource: Resource) -> None:
        """Remove a resource that no longer exists."""
        self._put(resource, None)

    def forget(self, resource: Resource) -> None:
        """Remove a resource that no longer exists, and all references to it."""
        self.remove(resource)
        if not any(True for _ in self._slots.find(resource.urn, new=False)):
            for other in self.old:
                if (without := _without_urn(other, resource.urn)) != other:
                    self.change(other, without)

    def record(self) -> None:
        """Record the changes so far, unless the deployment is a preview or keeps no state."""
        if self._file is not None:
            renamed = [Change(renamed=urns) for urns in self._newly_renamed]
            changed = [Change(slot, entry_of(each) if each else None) for slot, each in self._changed.items()]
            self._file.append([*renamed, *changed])
        self._changed.clear()
        self._newly_renamed.clear()

    def save(self) -> None:
        """Write the whole file, at the end of a deployment."""
        if self._file is not None:
            self._file.save(self._slots.in_order(self._renamed))

    def _put(self, before: Resource, after: Resource | None) -> None:
        slot = self._slots.slot_of(before)
        if slot is not None:
            self._slots.put(slot, after)
            self._changed[slot] = after


def _without_urn(resource: Resource, gone: str) -> Resource:
    """Return a resource that does not refer to another one."""
    sources = resource.property_dependencies.items()
    return dataclasses.replace(
        resource,
        parent="" if resource.parent == gone else resource.parent,
        dependencies=tuple(urn for urn in resource.dependencies if urn != gone),
        property_dependencies={name: tuple(urn for urn in urns if urn != gone) for name, urns in sources},
    )
