"""A stack of this project in an emulator, managed by either engine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from infra.bundles import ROOT
from local.emulator.launch import Emulator
from local.engine import DeploymentError, deploy, destroy, refresh
from local.provider import Provider
from local.pulumi_cli import PulumiError, PulumiStack

Engine = Literal["local", "pulumi"]


class Rejected(Exception):
    """The engine rejected an operation."""


@dataclass
class EmulatedStack:
    """A stack whose state is in `folder`."""

    engine: Engine
    name: str
    folder: Path
    emulator: Emulator

    @property
    def provider(self) -> Provider:
        return Provider(self.emulator.endpoint_url)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "stack.json"

    def client(self, service: str) -> Any:
        """Return a client of an emulated AWS service."""
        return self.provider.connection.client(service)

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources in the stack's state, by URN."""
        resources = json.loads(self.checkpoint.read_text())["deployment"].get("resources") or []
        return {each["urn"]: each for each in resources if each["type"].startswith("aws:")}

    def up(self, **overrides: str) -> None:
        """Deploy the program. Raises Rejected."""
        settings = {name.replace("_", "."): value for name, value in overrides.items()}
        self._run("up", settings, "--yes", "--skip-preview")

    def has_changes(self) -> bool:
        """Return whether a deployment would change anything."""
        if self.engine == "local":
            steps = deploy(ROOT, self.name, self.provider, checkpoint=self.checkpoint, preview=True).steps
            return any(step.operation not in ("same", "read") for step in steps)
        try:
            self._run("preview", {}, "--expect-no-changes")
        except Rejected:
            return True
        return False

    def refresh(self) -> None:
        """Read the present state of all resources."""
        self._run("refresh", {}, "--yes", "--skip-preview")

    def destroy(self) -> None:
        """Delete all resources. Raises Rejected."""
        self._run("destroy", {}, "--yes")  # with `--skip-preview`, the CLI would delete all that is not protected

    def _run(self, command: str, overrides: Mapping[str, str], *options: str) -> None:
        try:
            if self.engine == "local":
                self._run_locally(command, overrides)
            else:
                self._pulumi(overrides).run(command, *options)
        except (DeploymentError, PulumiError) as error:
            raise Rejected(str(error)) from error

    def _run_locally(self, command: str, overrides: Mapping[str, str]) -> None:
        match command:
            case "up":
                deploy(ROOT, self.name, self.provider, overrides, checkpoint=self.checkpoint)
            case "refresh":
                refresh(self.checkpoint, self.provider)
            case _:
                destroy(self.checkpoint, self.provider)

    def _pulumi(self, overrides: Mapping[str, str]) -> PulumiStack:
        return PulumiStack(
            root=ROOT,
            name=self.name,
            folder=self.folder / "cli",
            checkpoint=self.checkpoint,
            endpoint=self.emulator.endpoint_url,
            overrides=overrides,
        )
