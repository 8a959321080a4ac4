"""Operations on resources: each calls the provider and records what it returns before a signal can end the process.

In a preview, only `check`, `diff` and `read` call the provider.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Generator, Sequence

from local.engine.deployment import DeploymentError, Resource, ResourceError
from local.engine.interrupts import delayed_signals
from local.engine.paths import replacing
from local.engine.providers import Providers
from local.engine.snapshot import Snapshot
from local.engine.values import UNKNOWN, Secret, revealed, unknown_paths, with_secrets_of
from local.provider.state import Diff, Document, Failure, PartialFailure, Provider, State


class Operations:
    """The operations of one deployment. All raise ResourceError."""

    def __init__(self, provider: Provider, snapshot: Snapshot, *, preview: bool) -> None:
        self.snapshot = snapshot
        self.preview = preview
        self.providers = Providers(provider, snapshot)

    def with_defaults(self, goal: Resource) -> Resource:
        """Return a resource with the inputs that its provider adds."""
        if not goal.custom:
            return goal
        with _reported(goal):
            return dataclasses.replace(goal, inputs=self.providers.of(goal).with_defaults(goal.type, dict(goal.inputs)))

    def check(self, goal: Resource) -> None:
        """Raise ResourceError with all inputs that the provider rejects."""
        if goal.custom:
            with _reported(goal):
                failures = self.providers.of(goal).check(goal.type, revealed(dict(goal.inputs)))
            reasons = dict.fromkeys(failure.reason for failure in failures)
            if reasons:
                described = (_described(reason, failures) for reason in reasons)
                raise ResourceError(goal.type, goal.name, "; ".join(described))

    def diff(self, old: Resource, goal: Resource) -> Diff:
        """Compare a resource's state with the inputs that the program gives it now."""
        if old.custom != goal.custom:
            return Diff(changed=("provider",), replaces=("provider",))
        if not goal.custom:
            names = sorted({*old.inputs, *goal.inputs})
            return Diff(changed=tuple(name for name in names if old.inputs.get(name) != goal.inputs.get(name)))
        with _reported(goal):
            found = self.providers.of(goal).diff(goal.type, _state(old), revealed(dict(goal.inputs)))
            replaces = replacing(old.inputs, goal.inputs, found.changed, goal.replace_on_changes)
        return dataclasses.replace(found, replaces=tuple(dict.fromkeys((*found.replaces, *replaces))))

    def create(self, goal: Resource, old: Resource | None = None) -> Resource:
        """Create a resource. One that it replaces is deleted later, unless it no longer exists."""
        gone = old is not None and old.pending_replacement
        instead_of, replaces = (old, None) if gone else (None, old)
        return self._apply(
            goal,
            lambda: self.providers.of(goal).create(goal.type, goal.name, revealed(dict(goal.inputs))),
            instead_of=instead_of,
            replaces=replaces,
        )

    def update(self, goal: Resource, old: Resource) -> Resource:
        """Change a resource in place. In a preview, outputs that are not inputs keep their values."""
        computed = {name: value for name, value in old.outputs.items() if name not in old.inputs}
        kept = dataclasses.replace(goal, id=old.id, outputs={**computed, **goal.inputs} if goal.custom else {})
        return self._apply(
            kept,
            lambda: self.providers.of(goal).update(goal.type, _state(old), revealed(dict(goal.inputs))),
            instead_of=old,
        )

    def read(self, goal: Resource, id_: str, *, inputs: bool) -> Resource:
        """Return a resource with the state that the provider finds; `inputs` asks for its inputs as well."""
        if id_ == UNKNOWN.value:
            return goal
        with _reported(goal):
            given: Document = {} if inputs else revealed(dict(goal.inputs))
            found = self.providers.of(goal).read(goal.type, State(id=id_, inputs=given, outputs=given))
        if found is None:
            raise ResourceError(goal.type, goal.name, f"there is no resource with the id {id_}")
        read = _with_state(goal, found)
        return dataclasses.replace(read, inputs=with_secrets_of(goal.inputs, found.inputs)) if inputs else read

    def refresh(self, resource: Resource) -> Resource | None:
        """Return a resource as it is at present, or None if it no longer exists."""
        with _reported(resource):
            found = self.providers.of(resource).read(resource.type, _state(resource))
        if found is None:
            return None
        inputs = resource.inputs if resource.external else with_secrets_of(resource.inputs, found.inputs)
        return dataclasses.replace(_with_state(resource, found), inputs=inputs)

    def delete(self, resource: Resource, *, to_recreate: bool = False) -> None:
        """Delete a resource; one that the program recreates remains in the state until then."""
        kept = resource.external or resource.retain_on_delete or resource.pending_replacement or resource.is_provider
        with _reported(resource), delayed_signals():
            if resource.custom and not kept and not self.preview:
                self.providers.of(resource).delete(resource.type, _state(resource))
            if to_recreate:
                self.snapshot.change(resource, dataclasses.replace(resource, pending_replacement=True))
            else:
                self.snapshot.remove(resource)
            self.snapshot.record()

    def _apply(
        self,
        goal: Resource,
        call: Callable[[], State],
        *,
        instead_of: Resource | None = None,
        replaces: Resource | None = None,
    ) -> Resource:
        """Create or update a resource and record it, also if that succeeds only in part."""
        if self.preview or not goal.custom:
            self.snapshot.add(goal, instead_of=instead_of, replaces=replaces)
            self.snapshot.record()
            return goal
        self._require_known(goal)
        start = time.perf_counter()
        with _reported(goal), delayed_signals():
            try:
                made = _with_state(goal, call())
            except PartialFailure as failure:
                # The inputs are those that took effect, so that the next deployment completes the rest.
                partial = _with_state(goal, failure.state, init_errors=(str(failure),))
                partial = dataclasses.replace(partial, inputs=with_secrets_of(goal.inputs, failure.state.inputs))
                self.snapshot.add(partial, instead_of=instead_of, replaces=replaces)
                self.snapshot.record()
                raise
            made = dataclasses.replace(made, seconds=time.perf_counter() - start)
            self.snapshot.add(made, instead_of=instead_of, replaces=replaces)
            self.snapshot.record()
        return made

    def _require_known(self, resource: Resource) -> None:
        for name, value in resource.inputs.items():
            for path in unknown_paths(value, name):
                urns = resource.property_dependencies.get(name, ())
                sources = [source for urn in urns if (source := self.snapshot.registered(urn)) is not None]
                described = " or ".join(f"{source.type} {source.name}" for source in sources) or "another resource"
                raise ResourceError(
                    resource.type,
                    resource.name,
                    f"{path} is an output of {described} that the local provider does not return",
                )


def _described(reason: str, failures: Sequence[Failure]) -> str:
    """Return a reason for rejecting inputs, followed by their names: "not supported: a, b"."""
    names = ", ".join(failure.property for failure in failures if failure.reason == reason)
    return f"{reason}: {names}" if names else reason


def _state(resource: Resource) -> State:
    return State(id=resource.id, inputs=revealed(dict(resource.inputs)), outputs=revealed(dict(resource.outputs)))


def _with_state(resource: Resource, state: State, init_errors: tuple[str, ...] = ()) -> Resource:
    """Return a resource with a provider's result; what stems from secrets stays secret."""
    outputs = with_secrets_of(resource.inputs, state.outputs)
    for name in resource.additional_secret_outputs:
        if name in outputs and not isinstance(outputs[name], Secret):
            outputs[name] = Secret(outputs[name])
    return dataclasses.replace(resource, id=state.id, outputs=outputs, init_errors=init_errors)


@contextlib.contextmanager
def _reported(resource: Resource) -> Generator[None]:
    """Report any exception of a provider as an error of the resource."""
    try:
        yield
    except DeploymentError:
        raise
    except Exception as error:
        raise ResourceError(resource.type, resource.name, str(error) or type(error).__name__) from error
