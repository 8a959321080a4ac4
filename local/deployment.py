"""What a run of the program made, or would make, and what can go wrong on the way.

DeploymentError
├── ProgramError       the program raised
├── ResourceError      a resource could not be made
└── UnsupportedError   the program asked for something that the local engine does not do
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

STACK_TYPE: Final = "pulumi:pulumi:Stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One registered resource. Names of properties are Pulumi's (camelCase); values are those of `local.values`."""

    urn: str
    type: str
    name: str
    parent: str
    """The parent's URN; empty for the stack itself."""
    custom: bool
    """Whether a provider makes it; a component is only a name for its children."""
    dependencies: tuple[str, ...]
    """The URNs of the resources that it needs, explicit or through its inputs."""
    property_dependencies: Mapping[str, tuple[str, ...]]
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    delete_before_replace: bool | None
    """None where the program does not say."""
    inputs: Mapping[str, Any]
    id: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seconds: float = 0.0
    """How long its creation took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """All resources of a stack in the order of their registration, and what the stack exports."""

    project: str
    stack: str
    root: Path
    preview: bool
    resources: tuple[Resource, ...]
    exports: Mapping[str, Any]
    seconds: float

    def of_type(self, type_: str) -> tuple[Resource, ...]:
        """The resources of one type: `aws:dynamodb/table:Table`."""
        return tuple(resource for resource in self.resources if resource.type == type_)

    def children(self, urn: str) -> Iterator[Resource]:
        """The resources whose parent has this URN."""
        return (resource for resource in self.resources if resource.parent == urn)


class DeploymentError(Exception):
    """A stack could not be planned or deployed; the message says what and where, the cause is chained."""


class ProgramError(DeploymentError):
    """The program raised, or ended itself with a status other than 0."""


class ResourceError(DeploymentError):
    """A resource could not be made."""

    def __init__(self, type_: str, name: str, problem: str) -> None:
        super().__init__(f"{type_} {name}: {problem}")
        self.type = type_
        self.name = name
        self.problem = problem


class UnsupportedError(DeploymentError):
    """The program asked for something that the local engine does not do."""
