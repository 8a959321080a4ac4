"""A stack of small programs with the fake provider, as `FakeStack`, under the Pulumi CLI."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local.engine.checkpoint import Checkpoint
from tests.pulumi.fake_plugin import FILE_VARIABLE, store
from tests.unit.local.programs import FakeProvider, write_program

if TYPE_CHECKING:
    from local.engine import Resource
    from tests.unit.local.programs import FakeStack

PROJECT = Path(__file__).parents[2]


@dataclass
class PulumiStack:
    """The counterpart of `FakeStack`. Operations run one after the other, as in the local engine."""

    root: Path
    provider: FakeProvider = field(default_factory=FakeProvider)

    def __post_init__(self) -> None:
        for folder in ("bin", "backend"):
            (self.root / folder).mkdir(parents=True)
        plugin = self.root / "bin" / "pulumi-resource-test"
        command = f'PYTHONPATH={PROJECT} exec {sys.executable} -P -m tests.pulumi.fake_plugin "$@"'
        plugin.write_text(f"#!/bin/sh\n{command}\n")
        plugin.chmod(0o755)
        write_program(self.root / "project", "")
        self._run("stack", "init", "dev")

    def up(self, source: str) -> bool:
        """Deploy a program; return whether that succeeded."""
        write_program(self.root / "project", source)
        return self._change("up", "--yes", "--skip-preview", "--parallel", "1")

    def refresh(self) -> bool:
        """Read all resources; return whether that succeeded."""
        return self._change("refresh", "--yes", "--skip-preview", "--parallel", "1")

    def destroy(self) -> bool:
        """Delete all resources; return whether that succeeded."""
        return self._change("destroy", "--yes", "--skip-preview", "--parallel", "1")

    def preview(self, source: str) -> list[str] | None:
        """Return what a preview lists, in the form of `changes`; None if it fails.

        The CLI may list an update after an import; the local engine has one step for each resource.
        """
        store(self._cloud, self.provider)
        write_program(self.root / "project", source)
        done = self._run("preview", "--json", "--parallel", "1")
        if done.returncode:
            return None
        operations: dict[str, str] = {}
        for step in json.loads(done.stdout)["steps"]:
            operations.setdefault(step["urn"], step["op"])
        steps = ((operation, urn.split("::")) for urn, operation in operations.items() if operation != "same")
        return [f"{operation} {urn[3]}" for operation, urn in steps if not urn[2].startswith("pulumi:")]

    def state(self) -> tuple[Resource, ...]:
        """Return the stack's resources."""
        exported = self.root / "exported.json"
        self._run("stack", "export", "--show-secrets", "--file", str(exported))
        return Checkpoint(exported).load()

    def exchange(self, stack: FakeStack, *, to_pulumi: bool) -> None:
        """Copy a stack's state and its cloud from the local engine, or to it."""
        if to_pulumi:
            self._run("stack", "import", "--file", str(stack.checkpoint))
            self.provider.cloud = copy.deepcopy(stack.provider.cloud)
        else:
            self._run("stack", "export", "--show-secrets", "--file", str(stack.checkpoint))
            stack.provider.cloud = copy.deepcopy(self.provider.cloud)

    @property
    def _cloud(self) -> Path:
        return self.root / "cloud.json"

    def _change(self, *command: str) -> bool:
        self.provider.calls.clear()
        store(self._cloud, self.provider)
        done = self._run(*command)
        after = json.loads(self._cloud.read_text())
        self.provider.cloud, self.provider.calls = after["cloud"], after["calls"]
        return done.returncode == 0

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        path = [str(self.root / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join(path),
            "PULUMI_BACKEND_URL": (self.root / "backend").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "local",
            "PULUMI_HOME": str(self.root / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            FILE_VARIABLE: str(self._cloud),
        }
        return subprocess.run(
            ["pulumi", "--non-interactive", *command],
            cwd=self.root / "project", env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
