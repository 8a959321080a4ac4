"""The steps of a GitHub workflow that run commands, for tests that run them."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.packaging.bundles import ROOT

FOLDER = ROOT / ".github" / "workflows"


@dataclass(frozen=True)
class Step:
    """A step with `run:`; `variables` are the names in the `env:` of the step and of its workflow."""

    job: str
    name: str
    script: str
    variables: frozenset[str]

    def run(self, folder: Path, variables: Mapping[str, str], **runner: str) -> subprocess.CompletedProcess[str]:
        """Run the step as a runner does with `shell: bash`, given its variables and those of the runner."""
        assert variables.keys() == self.variables
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", ""), **variables, **runner}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.script],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / name).read_text())


def steps(workflow: str) -> dict[tuple[str, str], Step]:
    """Return the steps that run commands, by job and name."""
    document = read(workflow)
    return {
        (job, step.get("name", "")): Step(
            job=job,
            name=step.get("name", ""),
            script=step["run"],
            variables=frozenset({**document.get("env", {}), **content.get("env", {}), **step.get("env", {})}),
        )
        for job, content in document["jobs"].items()
        for step in content["steps"]
        if "run" in step
    }
