"""Read the present state of all resources, and show where it has drifted from the state of the last deployment."""

from collections.abc import Callable
from pathlib import Path

from local.engine.checkpoint import Checkpoint
from local.engine.deployment import Resource, Step
from local.engine.operations import Operations
from local.engine.snapshot import Snapshot
from local.provider.state import Provider


def refresh(
    path: Path, provider: Provider, *, preview: bool = False, on_step: Callable[[Step], None] | None = None
) -> tuple[Step, ...]:
    """Read every resource of a stack, and update its state in the file `path`.

    A step's `changed` are the inputs that the next deployment would change back. A resource that no longer exists is
    removed from the state, so that the next deployment creates it.

    Raises:
        CheckpointError: The state cannot be read.
        ResourceError: A resource could not be read; what was read before is recorded.
    """
    steps: list[Step] = []
    snapshot = Snapshot(Checkpoint(path), read_only=preview)
    operations = Operations(provider, snapshot, preview=preview)
    try:
        for listed in snapshot.old:
            # It was changed meanwhile if it referred to a resource that no longer exists.
            resource = listed if listed.delete else snapshot.find(listed.urn) or listed
            if resource.custom and not resource.is_provider and not resource.pending_replacement:
                step = _refresh(operations, resource)
                steps.append(step)
                if on_step is not None:
                    on_step(step)
    finally:
        snapshot.save()
    return tuple(steps)


def _refresh(operations: Operations, resource: Resource) -> Step:
    found = operations.refresh(resource)
    if found is None:
        operations.snapshot.forget(resource)
        operations.snapshot.record()
        return Step(operation="delete", resource=resource, old=resource)
    if found != resource:
        operations.snapshot.change(resource, found)
        operations.snapshot.record()
    changed = _changed(operations, found, resource)
    return Step(operation="update" if changed else "same", resource=found, old=resource, changed=changed)


def _changed(operations: Operations, found: Resource, resource: Resource) -> tuple[str, ...]:
    """Return what the next deployment would change, as Pulumi does; a resource that is only read has no inputs."""
    if resource.external:
        return tuple(name for name, value in found.outputs.items() if resource.outputs.get(name) != value)
    return operations.diff(found, resource).changed
