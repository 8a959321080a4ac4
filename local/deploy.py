"""Deploy the program into a running emulator, or preview that: with the local engine, or with the Pulumi CLI's.

Both keep the state of the resources in the same file, so an update may use another engine than the one before it.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from infra.changes import Change, Operation, compare
from infra.packaging.bundles import without_building
from local import pulumi_cli
from local.engine import STACK_TYPE, Deployment, Step, deploy
from local.engine.checkpoint import Checkpoint
from local.plans.plan import json_value
from local.provider import Provider
from local.pulumi_cli import PulumiStack
from local.state_folder import StateFolder

DEFAULT_STACK = "local"


class Engine(StrEnum):
    """Which engine runs the program."""

    LOCAL = "local"
    PULUMI = "pulumi"

    def require_installed(self) -> None:
        """Raise PulumiError if this is the Pulumi CLI's engine and the CLI is not installed."""
        if self is Engine.PULUMI:
            pulumi_cli.require_installed()


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stack of the project at `root`, and the emulator into which it is deployed.

    The endpoint is None if no emulator is running, and the stack can only be previewed. `overrides` replace settings
    of the stack file.
    """

    root: Path
    state: StateFolder
    endpoint: str | None
    stack: str = DEFAULT_STACK
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])

    def exports(self) -> Mapping[str, Any]:
        """Return the program's exports after the last deployment."""
        return exports(self.state)

    def pulumi(self) -> PulumiStack:
        """Return the stack as the Pulumi CLI's."""
        return PulumiStack(
            root=self.root,
            name=self.stack,
            folder=self.state.pulumi,
            checkpoint=self.state.checkpoint,
            endpoint=self.endpoint,
            overrides=self.overrides,
        )


def exports(state: StateFolder) -> Mapping[str, Any]:
    """Return the program's exports after the last deployment. Secrets among them are of the type `Secret`."""
    (stack,) = (each for each in Checkpoint(state.checkpoint).load() if each.type == STACK_TYPE)
    return stack.outputs


def up(engine: Engine, target: Target, on_step: Callable[[Step], None] | None = None) -> list[Change] | None:
    """Create the stack's resources, or change those that differ from the program.

    Returns what has changed, or None if the Pulumi CLI has printed it. `on_step` is called with each step of the local
    engine.

    Raises:
        SettingsError: The stack's settings are invalid.
        DeploymentError: The local engine failed.
        PulumiError: The Pulumi CLI failed.
    """
    if engine is Engine.PULUMI:
        return target.pulumi().up()
    return _changes(_deploy(target, preview=False, on_step=on_step))


def preview(engine: Engine, target: Target) -> list[Change] | None:
    """Return what `up` would change, or None if the Pulumi CLI has printed it. Raises the errors of `up`."""
    if engine is Engine.PULUMI:
        return target.pulumi().run("preview")
    # Code is compared by its content. Where there is no code to compare it with, bundles need not be built.
    with nullcontext() if target.endpoint else without_building():
        return _changes(_deploy(target, preview=True))


def _deploy(target: Target, *, preview: bool, on_step: Callable[[Step], None] | None = None) -> Deployment:
    target.pulumi().recover()
    provider, checkpoint = Provider(target.endpoint), target.state.checkpoint
    return deploy(
        target.root, target.stack, provider, target.overrides, checkpoint=checkpoint, preview=preview, on_step=on_step
    )


def _changes(deployment: Deployment) -> list[Change]:
    """Return the steps that change something."""
    return [_change(step, deployment.root) for step in deployment.steps if step.operation in set(Operation)]


def _change(step: Step, root: Path) -> Change:
    old: dict[str, Any] = json_value(dict(step.old.inputs), root) if step.old else {}
    new: dict[str, Any] = json_value(dict(step.resource.inputs), root)
    return Change(
        operation=Operation(step.operation),
        urn=step.resource.urn,
        properties=compare(old, new, changed=step.changed, replaces=step.replaces) if step.changed else (),
        retained=step.old is not None and step.old.retain_on_delete,
    )
