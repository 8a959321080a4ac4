"""What a provider knows about a resource: its state, how it differs from the program's inputs, and failures.

Property names are Pulumi's (camelCase); values are those of `local.engine.values`.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A resource that exists.

    `inputs` are those of the last creation or update, or as `read` found them. `outputs` are all properties: the
    inputs, generated names, and what the service returned.
    """

    id: str
    inputs: Document = field(default_factory=dict[str, Any])
    outputs: Document = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Diff:
    """The inputs that differ from a resource's state, by their names.

    `replaces` are those that cannot be changed in place. `delete_before_replace` is set if the new resource would have
    the old one's physical name.
    """

    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """An input that a provider rejects before anything is created."""

    property: str
    reason: str


class PartialFailure(Exception):
    """A resource was created or updated only in part; `state` is what exists now."""

    def __init__(self, state: State, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class Provider(Protocol):
    """Creates, reads, updates and deletes resources, and answers a program's look-ups. Secrets in inputs are revealed.

    Every method may raise any exception; nothing has then been changed, except for `PartialFailure`.
    """

    def configured(self, settings: Document) -> "Provider":
        """Return the provider with the settings of a provider resource. Raises ValueError for invalid ones."""
        ...

    def with_defaults(self, type_: str, inputs: Document) -> Document:
        """Return the inputs with those that the provider's settings add, such as default tags."""
        ...

    def check(self, type_: str, inputs: Document) -> list[Failure]:
        """Return the inputs that are not supported. Inputs may contain unknown values."""
        ...

    def diff(self, type_: str, state: State, inputs: Document) -> Diff:
        """Compare new inputs, which may contain unknown values, with a resource's state."""
        ...

    def create(self, type_: str, name: str, inputs: Document) -> State:
        """Create a resource. `name` is its name in the program."""
        ...

    def read(self, type_: str, state: State) -> State | None:
        """Return the present state of a resource, or None if it does not exist.

        Only the id is needed. Of the inputs, those that `state` has are compared with the service's.
        """
        ...

    def update(self, type_: str, state: State, inputs: Document) -> State:
        """Change a resource in place, and return its new state."""
        ...

    def delete(self, type_: str, state: State) -> None:
        """Delete a resource. One that no longer exists is ignored."""
        ...

    def invoke(self, token: str, args: Document) -> Document | None:
        """Return the result of a provider function (`aws:index/getRegion:getRegion`), or None if it is unknown."""
        ...
