"""Delete resources in the reverse order of their dependencies."""

from collections.abc import Callable, Iterator
from pathlib import Path

from local.engine.checkpoint import Checkpoint
from local.engine.deployment import Resource, ResourceError, Step
from local.engine.operations import Operations
from local.engine.snapshot import Snapshot
from local.provider.state import Provider


def delete_remaining(operations: Operations, is_interrupted: Callable[[], bool] = lambda: False) -> Iterator[Step]:
    """Delete what is left of the last deployment; yield a step for each resource that the stack no longer has.

    A protected resource is only deleted if it has been replaced; whether that is allowed was decided before.

    Raises:
        ResourceError: A resource is protected (nothing has been deleted), or a deletion failed.
    """
    remaining = list(reversed(operations.snapshot.old))
    _require_unprotected(remaining)
    for resource in remaining:
        if is_interrupted():
            return
        operations.delete(resource)
        if not (resource.delete or resource.external or resource.is_provider):
            yield Step(operation="delete", resource=resource, old=resource)


def destroy(
    path: Path, provider: Provider, *, preview: bool = False, on_step: Callable[[Step], None] | None = None
) -> tuple[Step, ...]:
    """Delete all resources of a stack; `path` is its state.

    Raises:
        CheckpointError: The state cannot be read.
        ResourceError: A resource is protected (nothing has been deleted), or a deletion failed. The rest remains in the
            state.
    """
    steps: list[Step] = []
    snapshot = Snapshot(Checkpoint(path), read_only=preview)
    try:
        for step in delete_remaining(Operations(provider, snapshot, preview=preview)):
            steps.append(step)
            if on_step is not None:
                on_step(step)
    finally:
        snapshot.save()
    return tuple(steps)


def _require_unprotected(resources: list[Resource]) -> None:
    protected = [resource for resource in resources if resource.protect and not _is_replaced(resource)]
    if protected:
        first, *others = protected
        more = f" ({len(others)} more: {', '.join(other.name for other in others)})" if others else ""
        raise ResourceError(
            first.type,
            first.name,
            f"it is protected, but would be deleted{more}; to allow it, set the option `protect` to False and deploy",
        )


def _is_replaced(resource: Resource) -> bool:
    return resource.delete or resource.pending_replacement
