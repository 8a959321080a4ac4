"""Small Pulumi programs, and a fake provider to run them with in the local engine."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.provider.state import Diff, Failure, State

if TYPE_CHECKING:
    from pathlib import Path

    from local.engine import Deployment, Resource

PREAMBLE = """
import pulumi

class Thing(pulumi.CustomResource):
    made: pulumi.Output[str]
    never: pulumi.Output[str]

    def __init__(self, name, opts=None, **props):
        super().__init__("test:index:Thing", name, {**props, "made": None, "never": None}, opts)

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Group", name, None, opts)
"""


def write_program(root: Path, source: str, *, config: str = "", stack: str = "") -> Path:
    """Write a project with the stack `dev`; `config` and `stack` are the YAML of each file's `config`."""
    root.mkdir(parents=True, exist_ok=True)
    declared = textwrap.indent(textwrap.dedent(config), "  ")
    given = textwrap.indent(textwrap.dedent(stack), "  ")
    (root / "Pulumi.yaml").write_text(f"name: demo\nruntime: python\nconfig:\n{declared}\n")
    (root / "Pulumi.dev.yaml").write_text(f"config:\n{given}\n")
    (root / "__main__.py").write_text(PREAMBLE + textwrap.dedent(source))
    return root


@dataclass
class FakeProvider:
    """A provider that creates every resource: the output `made` is the name in capitals, `never` is never returned."""

    created: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    looked_up: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    answers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    broken: str = ""
    """The name of a resource that cannot be created, or the id of one that cannot be read."""

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> State:
        if name == self.broken:
            raise RuntimeError("the service rejected the call")
        self.created.append((name, inputs))
        return State(id=f"id-of-{name}", inputs=inputs, outputs={**inputs, "made": name.upper()})

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any] | None:
        self.looked_up.append((token, args))
        return self.answers.get(token)

    def read(self, type_: str, state: State) -> State | None:
        if state.id == self.broken:
            raise RuntimeError("the service rejected the call")
        return State(id=state.id, inputs=state.inputs, outputs={"made": f"{state.id} exists"})

    def check(self, type_: str, inputs: dict[str, Any]) -> list[Failure]:
        return []

    def diff(self, type_: str, state: State, inputs: dict[str, Any]) -> Diff:
        return Diff(changed=tuple(name for name in inputs if inputs[name] != state.inputs.get(name)))

    def update(self, type_: str, state: State, inputs: dict[str, Any]) -> State:
        return State(id=state.id, inputs=inputs, outputs={**state.outputs, **inputs})

    def delete(self, type_: str, state: State) -> None:
        self.created = [(name, inputs) for name, inputs in self.created if f"id-of-{name}" != state.id]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.created]


def named(deployment: Deployment, name: str) -> Resource:
    """Return the only resource with this name."""
    (found,) = (resource for resource in deployment.resources if resource.name == name)
    return found
