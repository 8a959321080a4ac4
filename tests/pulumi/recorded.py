"""States of stacks that earlier versions deployed, recorded with the Pulumi CLI, and restored into an emulator.

`python -m tests.pulumi.recorded REF STACK` deploys the program of a commit with `pulumi` into an emulator and records
the state of the stack in `tests/pulumi/states`.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pulumi

from infra.packaging.bundles import BUILD, ROOT
from local.emulator.launch import Options, free_port, start
from local.engine.values import from_state, revealed
from local.provider import Provider
from local.provider.state import State
from local.pulumi_cli import PulumiStack
from tests.checkout import ENVIRONMENTS

STATES = Path(__file__).parent / "states"
BUNDLE = "bundle.zip"
"""Replaces the functions' code, which is not recorded."""


def record(ref: str, stack: str) -> Path:
    """Deploy a commit's program and record the state of its stack."""
    commit = _git("rev-parse", "--short", ref)
    with tempfile.TemporaryDirectory() as name:
        folder, root = Path(name), Path(name) / "project"
        _git("worktree", "add", "--detach", str(root), commit)
        try:
            for environment in ENVIRONMENTS:
                (root / environment).symlink_to(ROOT / environment)
            shutil.copytree(BUILD, root / "build", ignore=shutil.ignore_patterns(".*", "bench", "node"))
            checkpoint = folder / "stack.json"
            with start(Options(state=folder / "emulator", port=free_port())) as emulator:
                PulumiStack(
                    root=root, name=stack, folder=folder / "cli", checkpoint=checkpoint, endpoint=emulator.endpoint_url
                ).up()
                text = checkpoint.read_text().replace(emulator.endpoint_url, "http://127.0.0.1:4566")
        finally:
            _git("worktree", "remove", "--force", str(root))
    STATES.mkdir(exist_ok=True)
    file = STATES / f"{stack}-{commit}.json"
    lines = ",\n".join(json.dumps(each) for each in _reduced(json.loads(text)["deployment"]["resources"]))
    file.write_text(f"[\n{lines}\n]\n")
    return file


def restore(file: Path, provider: Provider, folder: Path) -> dict[str, Any]:
    """Create the resources of a recorded state in an emulator, and return the state with their present ids.

    The emulator gives an API, a deployment or a role other ids than when the state was recorded, so these are replaced
    in all that follows.
    """
    text, position = file.read_text(), 0
    with zipfile.ZipFile(folder / BUNDLE, "w") as bundle:
        bundle.writestr("empty.py", "")
    while position < len(resources := cast("list[dict[str, Any]]", json.loads(text))):
        resource = resources[position]
        position += 1
        if not resource["type"].startswith("aws:"):
            continue
        inputs = cast("dict[str, Any]", revealed(from_state(resource["inputs"])))
        if "code" in inputs:
            inputs["code"] = pulumi.FileArchive(str(folder / BUNDLE))
        created = provider.create(resource["type"], resource["urn"].rpartition("::")[2], inputs)
        for old, new in _renamed(resource, created).items():
            text = text.replace(json.dumps(old), json.dumps(new)).replace(old, new)
    return {"version": 3, "deployment": {"manifest": {}, "resources": completed(json.loads(text))}}


def _renamed(resource: Mapping[str, Any], created: State) -> dict[str, str]:
    """Return the ids, ARNs and URLs that differ from the recorded ones."""
    outputs = {"id": resource["id"], **resource["outputs"]}
    found = {"id": created.id, **created.outputs}
    return {
        old: str(found[name])
        for name, old in outputs.items()
        if isinstance(old, str) and name in found and name not in resource["inputs"] and old != found[name]
    }


def _reduced(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out times, places in the program, the path of the code, and outputs that equal the inputs."""
    for resource in resources:
        for name in ("created", "modified", "sourcePosition", "stackTrace"):
            resource.pop(name, None)
        inputs = resource.setdefault("inputs", {})
        outputs = resource.setdefault("outputs", {})
        resource["outputs"] = {name: value for name, value in outputs.items() if inputs.get(name) != value}
        if "code" in inputs:
            inputs["code"]["path"] = BUNDLE
    return resources


def completed(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the resources of a recorded state with all their outputs."""
    return [{**each, "outputs": {**each["inputs"], **each["outputs"]}} for each in resources]


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.stdout.write(f"{record(*sys.argv[1:])}\n")
