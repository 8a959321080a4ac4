"""A copy of the project, and the Pulumi CLI as its users run it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.engine.values import from_state
from local.plans.plan import json_value
from local.pulumi_cli import environment

ORIGIN = "warning: using pulumi-resource-aws from $PATH at "
"""The one expected warning: the plugin is not installed, but found on PATH."""


@dataclass(frozen=True)
class Preview:
    """What `pulumi preview --json` printed: steps and messages."""

    root: Path
    steps: Sequence[dict[str, Any]]
    messages: Sequence[str]

    def records(self) -> list[dict[str, Any]]:
        """Return the resources after the update, in the form of `python -m local plan --json`.

        A resource that is only read (`Account.get`) does not belong to the stack.
        """
        return [self._record(step["newState"]) for step in self.steps if "newState" in step and step["op"] != "read"]

    def inputs(self, type_: str) -> dict[str, dict[str, Any]]:
        """Return the inputs of the resources of a type, by the resources' names."""
        return {each["name"]: each["inputs"] for each in self.records() if each["type"] == type_}

    def _record(self, state: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": state["type"],
            "name": state["urn"].rpartition("::")[2],
            "parent": state.get("parent", ""),
            "protect": state.get("protect", False),
            "inputs": json_value(from_state(state.get("inputs", {})), self.root),
        }


@dataclass(frozen=True)
class Project:
    """A copy of the project. The CLI's own files are in `cli`."""

    root: Path
    cli: Path

    def pulumi(self, *arguments: str, folder: str = ".") -> subprocess.CompletedProcess[str]:
        """Run the CLI in a folder of the project, without AWS credentials."""
        home = self.cli / "home"
        for path in (home, self.cli / "backend"):
            path.mkdir(parents=True, exist_ok=True)
        return subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.root / folder, env={**environment(self.cli), "HOME": str(home)},
            capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip

    def init(self, stack: str, folder: str = ".") -> None:
        """Create an empty stack with the settings of the stack file."""
        done = self.pulumi("stack", "init", stack, folder=folder)
        assert done.returncode == 0, done.stderr

    def set(self, stack: str, *arguments: str) -> None:
        """Run `pulumi config set` for a stack."""
        done = self.pulumi("config", "set", "--stack", stack, *arguments)
        assert done.returncode == 0, done.stderr

    def plan(self, stack: str) -> list[dict[str, Any]]:
        """Return what `python -m local plan --json` prints."""
        command = [sys.executable, "-m", "local", "plan", "--stack", stack, "--json"]
        return json.loads(subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout)

    def preview(self, stack: str, folder: str = ".") -> Preview:
        """Preview a stack, which must succeed."""
        done = self.pulumi("preview", "--json", "--stack", stack, folder=folder)
        printed = json.loads(done.stdout)
        messages = [each["message"] for each in printed["diagnostics"]]
        assert done.returncode == 0, "".join(messages)
        return Preview(self.root / folder, printed["steps"], messages)
