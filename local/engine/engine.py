"""The engine: decide what each registered resource requires, and do it.

The decisions are those of Pulumi's engine
(https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/step_generator.go); tests/pulumi compares them.
Operations run one after the other, in the order of registration. Where the local engine differs:
- It checks that nothing protected would be deleted before the first deletion.
- After a partial failure, it records the inputs that took effect, so that the next deployment completes the rest.
- A dependent that is already deleted to be replaced is not deleted again when a failed deployment is resumed.
- A preview ends at the first resource that must not be replaced.
"""

import dataclasses
from collections.abc import Callable, Sequence

from pulumi.runtime.proto import alias_pb2

from local.engine.aliases import Aliases
from local.engine.deletion import delete_remaining
from local.engine.deployment import Resource, ResourceError, Step
from local.engine.operations import Operations
from local.engine.paths import with_ignored_changes
from local.engine.replacement import delete_for_replacement, require_replaceable
from local.provider.state import Diff


class Engine:
    """One deployment or preview of a stack."""

    def __init__(
        self, operations: Operations, *, project: str, stack: str, is_plan: bool, on_step: Callable[[Step], None] | None
    ) -> None:
        self.steps: list[Step] = []
        self._operations = operations
        self._snapshot = operations.snapshot
        self._aliases = Aliases(project=project, stack=stack)
        self._registered: set[str] = set()
        self._old_urns = frozenset(resource.urn for resource in operations.snapshot.old if not resource.delete)
        self._is_plan = is_plan
        self._on_step = on_step

    def register(self, goal: Resource, aliases: Sequence[alias_pb2.Alias] = ()) -> Resource:
        """Create, update or replace a resource, or leave it as it is, and return its new state.

        Raises:
            ResourceError: The operation failed or is not allowed.
        """
        self._register_urn(goal)
        goal = self._operations.with_defaults(goal)
        old = self._find(goal, aliases)
        return self._finish_step(self._import(goal, old) if _is_import(goal, old) else self._settle(goal, old))

    def read(self, goal: Resource) -> Resource:
        """Read a resource that another stack or system manages, and return its state.

        If the stack had its own one with this name, that is deleted at the end.
        """
        self._register_urn(goal)
        old = self._find(goal, ())
        found = dataclasses.replace(self._operations.read(goal, goal.id, inputs=False), external=True)
        if old is not None and not old.external and old.id != goal.id:
            self._snapshot.add(found, replaces=old)
            return self._finish_step(Step(operation="replace", resource=found, old=old))
        self._snapshot.add(found, instead_of=old)
        return self._finish_step(Step(operation="read", resource=found, old=old))

    def register_outputs(self, urn: str, outputs: dict[str, object]) -> Resource:
        """Record the outputs of a component or of the stack."""
        resource = self._snapshot.registered(urn)
        if resource is None:
            raise KeyError(urn)
        changed = dataclasses.replace(resource, outputs=outputs)
        self._snapshot.change(resource, changed)
        return changed

    def finish(self, *, is_interrupted: Callable[[], bool]) -> None:
        """Delete what the program no longer registers and what was replaced. Call this only if the program succeeded.

        An interrupt ends it after the deletion in progress.

        Raises:
            ResourceError: A deletion failed or is not allowed; the rest remains in the state.
        """
        for step in delete_remaining(self._operations, is_interrupted):
            self._finish_step(step)

    def _register_urn(self, goal: Resource) -> None:
        if goal.urn in self._registered:
            raise ResourceError(goal.type, goal.name, f"registered twice: {goal.urn}")
        if (user := self._aliases.user_of(goal.urn)) is not None:
            raise ResourceError(goal.type, goal.name, f"its URN {goal.urn} is an alias of {user}")
        self._registered.add(goal.urn)

    def _find(self, goal: Resource, aliases: Sequence[alias_pb2.Alias]) -> Resource | None:
        """Return the resource's state in the last deployment, found by its URN or an earlier one."""
        if (old := self._snapshot.find(goal.urn)) is not None:
            return old
        for urn in self._aliases.candidates(goal, aliases):
            if urn in self._old_urns:
                if urn in self._registered:
                    raise ResourceError(goal.type, goal.name, f"its alias {urn} is the URN of another resource")
                self._aliases.use(goal, urn)
                return self._snapshot.find(urn)
        return None

    def _settle(self, goal: Resource, old: Resource | None, *, imported: bool = False) -> Step:
        """Bring a resource to the state that the program wants."""
        if old is None or old.pending_replacement or old.external:
            self._check(goal)
            made = self._operations.create(goal, old)
            return Step(operation="replace" if old else "create", resource=made, old=old)
        program = goal
        goal = dataclasses.replace(goal, inputs=with_ignored_changes(goal.inputs, old.inputs, goal.ignore_changes))
        self._check(goal)
        diff = self._operations.diff(old, goal)
        if diff.replaces and not (imported and self._operations.preview):
            return self._replace(program, old, diff)
        if diff.changed or old.init_errors:
            made = self._operations.update(goal, old)
            return Step(operation="update", resource=made, old=old, changed=diff.changed)
        made = dataclasses.replace(goal, id=old.id, outputs=old.outputs)
        self._snapshot.add(made, instead_of=old)  # saved with the next operation, or at the end
        return Step(operation="same", resource=made, old=old)

    def _replace(self, goal: Resource, old: Resource, diff: Diff) -> Step:
        """Replace a resource; the new one has the program's inputs, because there are no old ones to keep."""
        require_replaceable(goal, old, diff)
        self._check(goal)
        first = diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        deleted = delete_for_replacement(self._operations, old, self._registered) if first else old
        made = self._operations.create(goal, deleted)
        return Step(operation="replace", resource=made, old=old, changed=diff.changed, replaces=diff.replaces)

    def _import(self, goal: Resource, old: Resource | None) -> Step:
        """Take over an existing resource, and change it to the state that the program wants."""
        found = self._operations.read(goal, goal.import_id, inputs=True)
        self._snapshot.add(found, replaces=old)
        self._snapshot.record()
        operation = "replace" if old else "import"
        if self._is_plan:
            return Step(operation=operation, resource=dataclasses.replace(found, inputs=goal.inputs), old=old)
        step = self._settle(goal, found, imported=True)
        return dataclasses.replace(step, operation=operation, old=old)

    def _check(self, goal: Resource) -> None:
        if not self._is_plan:
            self._operations.check(goal)

    def _finish_step(self, step: Step) -> Resource:
        self.steps.append(step)
        if self._on_step is not None:
            self._on_step(step)
        return step.resource


def _is_import(goal: Resource, old: Resource | None) -> bool:
    if not (goal.custom and goal.import_id):
        return False
    return old is None or old.external or (old.import_id or old.id) != goal.import_id
