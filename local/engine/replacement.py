"""Replacements that delete the old resource first, and with it what depends on it and must be replaced, too."""

import dataclasses
from collections.abc import Collection

from local.engine.deployment import Resource, ResourceError
from local.engine.operations import Operations
from local.engine.values import UNKNOWN
from local.provider.state import Diff


def require_replaceable(goal: Resource, old: Resource, diff: Diff) -> None:
    """Raise ResourceError if a resource must not be replaced."""
    reason = f"a change of {', '.join(diff.replaces)} requires its replacement"
    if goal.protect and old.protect:
        raise ResourceError(
            goal.type, goal.name, f"it is protected, but {reason}; to allow it, set its option `protect` to False"
        )
    if goal.import_id:
        raise ResourceError(
            goal.type, goal.name, f"it is imported, but {reason}; correct the inputs or remove its option `import_`"
        )


def delete_for_replacement(operations: Operations, old: Resource, registered: Collection[str]) -> Resource:
    """Delete a resource, and before it the dependents that its replacement replaces; return what the state keeps of it.

    The program has not registered the dependents yet, because it registers a resource after its dependencies. Until it
    does, they remain in the state as pending replacements.

    Raises:
        ResourceError: A dependent is protected (nothing has been deleted), or a deletion failed.
    """
    dependents = _replaced_with(operations, old, registered)
    for dependent in dependents:
        if dependent.protect and not dependent.delete:
            raise ResourceError(
                old.type,
                old.name,
                f"its replacement would replace {dependent.type} {dependent.name}, which is protected;"
                " to allow it, set the option `protect` to False",
            )
    for dependent in reversed(dependents):
        operations.delete(dependent, to_recreate=not dependent.delete)
    operations.delete(old, to_recreate=True)
    return next(
        resource for resource in operations.snapshot.old if resource.urn == old.urn and resource.pending_replacement
    )


def _replaced_with(operations: Operations, root: Resource, registered: Collection[str]) -> list[Resource]:
    """Return the dependents of a resource that the provider replaces if it is replaced, in the order of the state."""
    olds = operations.snapshot.old
    start = next((index for index, resource in enumerate(olds) if resource is root), len(olds))
    reached, replaced, found = {root.urn}, {root.urn}, list[Resource]()
    for candidate in olds[start + 1 :]:
        sources = {*candidate.dependencies}.union(*candidate.property_dependencies.values())
        if candidate.urn in registered or candidate.pending_replacement or sources.isdisjoint(reached):
            continue
        reached.add(candidate.urn)
        if _is_replaced(operations, candidate, replaced):
            replaced.add(candidate.urn)
            found.append(candidate)
    return found


def _is_replaced(operations: Operations, resource: Resource, replaced: Collection[str]) -> bool:
    """Ask the provider whether unknown values of the inputs that come from replaced resources replace this one."""
    unknown = {
        name: UNKNOWN
        for name, urns in resource.property_dependencies.items()
        if name in resource.inputs and not set(urns).isdisjoint(replaced)
    }
    if not unknown or not resource.custom or resource.external:
        return False
    changed = dataclasses.replace(resource, inputs={**resource.inputs, **unknown})
    return bool(operations.diff(resource, changed).replaces)
