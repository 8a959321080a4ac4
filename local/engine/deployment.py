"""The result of running a program, and the errors that end a run.

DeploymentError
├── ProgramError       the program raised an exception
├── ResourceError      a resource could not be created, changed or deleted
└── UnsupportedError   the program used a feature that the local engine does not support
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

STACK_TYPE: Final = "pulumi:pulumi:Stack"
PROVIDER_TYPE_PREFIX: Final = "pulumi:providers:"

Operation = Literal["create", "same", "update", "replace", "read", "import", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A registered resource. Property names are Pulumi's (camelCase); values are those of `local.engine.values`."""

    urn: str
    type: str
    name: str
    parent: str
    """The parent's URN; empty for the stack itself."""
    custom: bool
    """Whether a provider creates it; a component only groups its children."""
    dependencies: tuple[str, ...] = ()
    """The URNs of the resources that it depends on, explicitly or through its inputs."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    protect: bool = False
    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    """None if the program does not set it."""
    inputs: Mapping[str, Any]
    id: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seconds: float = 0.0
    """How long the creation or the update took."""
    provider: str = ""
    """A reference to the provider resource (`URN::id`); empty for components."""
    additional_secret_outputs: tuple[str, ...] = ()
    import_id: str = ""
    """The id of the existing resource that the program imports."""
    external: bool = False
    """Whether the stack only reads it (`get`)."""
    delete: bool = False
    """Whether it was replaced and has yet to be deleted."""
    pending_replacement: bool = False
    """Whether it was deleted to be replaced and has yet to be created."""
    init_errors: tuple[str, ...] = ()
    """Why it was created or updated only in part."""

    @property
    def is_provider(self) -> bool:
        """Whether it stands for a provider; providers manage all other custom resources."""
        return self.type.startswith(PROVIDER_TYPE_PREFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a deployment did with a resource, or what it would do (in a preview)."""

    operation: Operation
    resource: Resource
    """The new state; for a deletion, the last one."""
    old: Resource | None = None
    """The state before, if the resource existed; its URN may be another one (`aliases`)."""
    changed: tuple[str, ...] = ()
    """The names of the inputs that changed."""
    replaces: tuple[str, ...] = ()
    """Those of them that require a replacement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """All resources of a stack in the order of their registration, and the stack's exports."""

    project: str
    stack: str
    root: Path
    preview: bool
    resources: tuple[Resource, ...]
    steps: tuple[Step, ...]
    """What was done with each resource, in order; deletions are the last. Replaced resources have one step."""
    exports: Mapping[str, Any]
    seconds: float

    @property
    def custom(self) -> tuple[Resource, ...]:
        """The resources that providers manage, without components and the stack, which only group them."""
        return tuple(resource for resource in self.resources if resource.custom and not resource.is_provider)

    def of_type(self, type_: str) -> tuple[Resource, ...]:
        """Return the resources of a type, such as `aws:dynamodb/table:Table`."""
        return tuple(resource for resource in self.resources if resource.type == type_)

    def children(self, urn: str) -> Iterator[Resource]:
        """Return the resources whose parent has this URN."""
        return (resource for resource in self.resources if resource.parent == urn)


class DeploymentError(Exception):
    """Base class for errors of a preview or a deployment."""


class ProgramError(DeploymentError):
    """The program raised an exception, or exited with a status other than 0."""


class ResourceError(DeploymentError):
    """A resource could not be created, changed or deleted."""

    def __init__(self, type_: str, name: str, problem: str) -> None:
        super().__init__(f"{type_} {name}: {problem}")
        self.type = type_
        self.name = name
        self.problem = problem


class UnsupportedError(DeploymentError):
    """The program used a feature that the local engine does not support."""
