"""Small Pulumi programs, and a fake provider to run them with in the local engine."""

from __future__ import annotations

import dataclasses
import itertools
import json
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.engine import STACK_TYPE, deploy
from local.engine.checkpoint import Checkpoint
from local.provider.state import Diff, Failure, PartialFailure, State

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    """A provider whose cloud is a dictionary.

    The output `made` is the name in capitals, `never` is never returned. A change of the input `key` requires a
    replacement; a resource with a `title`, which is unique, is then deleted first. The input `wrong` is rejected.
    """

    cloud: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """The inputs of the resources that exist, by their ids."""
    calls: list[str] = field(default_factory=list[str])
    """The operations that changed the cloud: `create one`, `update id-of-one`, `delete id-of-one`."""
    created: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    looked_up: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    answers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    broken: str = ""
    """The name of a resource that cannot be created, or the id of one that cannot be read, updated or deleted."""
    partial: str = ""
    """The name of a resource, or the id of one, whose input `count` cannot be set."""
    defaults: dict[str, Any] = field(default_factory=dict[str, Any])
    """The inputs that a provider resource adds to each resource, by its setting `defaults`."""

    def configured(self, settings: dict[str, Any]) -> FakeProvider:
        if "wrong" in settings:
            raise ValueError("this account is not allowed")
        added = json.loads(settings.get("defaults", "{}"))
        return dataclasses.replace(self, defaults=added) if added else self

    def with_defaults(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return self.defaults | inputs

    def check(self, type_: str, inputs: dict[str, Any]) -> list[Failure]:
        return [Failure(property=name, reason="not supported") for name in inputs if name.startswith("wrong")]

    def diff(self, type_: str, state: State, inputs: dict[str, Any]) -> Diff:
        changed = tuple(name for name in {**state.inputs, **inputs} if state.inputs.get(name) != inputs.get(name))
        replaces = tuple(name for name in changed if name == "key")
        return Diff(changed=changed, replaces=replaces, delete_before_replace="title" in inputs)

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> State:
        self._require_works(name)
        id_ = next(id_ for id_ in _ids(name) if id_ not in self.cloud)
        if any(inputs.get("title", ...) == other.get("title") for other in self.cloud.values()):
            raise RuntimeError(f"the title {inputs['title']} exists")
        self.calls.append(f"create {name}")
        self.created.append((name, inputs))
        return self._set(id_, inputs, name)

    def read(self, type_: str, state: State) -> State | None:
        self._require_works(state.id)
        if state.id not in self.cloud:
            return None
        return State(id=state.id, inputs=self.cloud[state.id], outputs=self._outputs(state.id))

    def update(self, type_: str, state: State, inputs: dict[str, Any]) -> State:
        self._require_works(state.id)
        self.calls.append(f"update {state.id}")
        return self._set(state.id, inputs, state.id)

    def delete(self, type_: str, state: State) -> None:
        self._require_works(state.id)
        if self.cloud.pop(state.id, None) is not None:
            self.calls.append(f"delete {state.id}")

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any] | None:
        self.looked_up.append((token, args))
        return self.answers.get(token)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.created]

    def _require_works(self, name_or_id: str) -> None:
        if name_or_id == self.broken:
            raise RuntimeError("the service rejected the call")

    def _set(self, id_: str, inputs: dict[str, Any], name_or_id: str) -> State:
        incomplete = name_or_id == self.partial and "count" in inputs
        self.cloud[id_] = {name: value for name, value in inputs.items() if not (incomplete and name == "count")}
        state = State(id=id_, inputs=self.cloud[id_], outputs=self._outputs(id_))
        if incomplete:
            raise PartialFailure(state, "the count cannot be set")
        return state

    def _outputs(self, id_: str) -> dict[str, Any]:
        name = id_.removeprefix("id-of-").partition("-")[0]
        return {**self.cloud[id_], "made": name.upper()}


def _ids(name: str) -> Iterator[str]:
    yield f"id-of-{name}"
    yield from (f"id-of-{name}-{number}" for number in itertools.count(2))


def named(deployment: Deployment, name: str) -> Resource:
    """Return the only resource with this name."""
    (found,) = (resource for resource in deployment.resources if resource.name == name)
    return found


@dataclass
class FakeStack:
    """A stack of small programs in the fake provider's cloud, with its state in a file."""

    root: Path
    provider: FakeProvider = field(default_factory=FakeProvider)

    @property
    def checkpoint(self) -> Path:
        return self.root / "state" / "stack.json"

    def up(self, source: str, *, preview: bool = False) -> Deployment:
        """Deploy a program; `provider.calls` are then those of this deployment."""
        self.provider.calls.clear()
        root = write_program(self.root, source)
        return deploy(root, "dev", self.provider, checkpoint=self.checkpoint, preview=preview)

    def preview(self, source: str) -> Deployment:
        """Preview a program. Nothing may be changed by that."""
        before = self.checkpoint.read_bytes() if self.checkpoint.exists() else None
        deployment = self.up(source, preview=True)
        assert self.provider.calls == []
        assert (self.checkpoint.read_bytes() if self.checkpoint.exists() else None) == before
        return deployment

    def state(self, name: str) -> list[Resource]:
        """Return the resources with this name in the state; a replaced one may be there, too."""
        return [resource for resource in Checkpoint(self.checkpoint).load() if resource.name == name]


def changes(deployment: Deployment) -> list[str]:
    """Return what a deployment changes, in order: `update one`."""
    steps = (step for step in deployment.steps if step.operation != "same" and step.resource.type != STACK_TYPE)
    return [f"{step.operation} {step.resource.name}" for step in steps]
