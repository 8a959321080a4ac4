"""`python -m local plan --against REF`: how a stack's plan differs from that of another commit, without credentials.

Both programs run with the packages that are installed for this one, the other program in its own process.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.branches import settings_file
from infra.changes import Change, Operation, compare
from infra.packaging.bundles import ROOT
from local.engine import STACK_TYPE, DeploymentError, Resource
from local.engine.checkpoint import Checkpoint
from local.plans.plan import plan, records
from local.provider import Provider
from local.provider.aws import UnsupportedTypeError
from local.provider.state import State

REQUIREMENTS = "local/requirements.txt"
"""What the programs of both commits need."""

NOT_COMPARED = (
    "Values that are known only after a deployment, such as policies and the API's document, are not compared."
)
"""A sentence for those who read the differences."""

Record = dict[str, Any]
"""A resource of a plan, as `local.plans.plan.records` returns it."""


class AgainstError(DeploymentError):
    """The plan of the other commit is not known; the message says why."""


def changes_since(root: Path, ref: str, stack: str, overrides: Mapping[str, str]) -> list[Change]:
    """Return how a stack's plan differs from that of the commit `ref`; everything is created in a new stack.

    Raises:
        SettingsError: The stack's settings are invalid now.
        DeploymentError: The program failed now, or (AgainstError) in the other commit.
    """
    new = records(plan(root, stack, overrides))
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as folder:
        other = Path(folder).resolve()
        _check_out(root, ref, other)
        old = _plan_in(other, ref, stack, overrides) if settings_file(other, stack).exists() else []
    if {urn_of(each) for each in old} <= {urn_of(each) for each in new}:
        return difference(old, new)
    return difference(old, new, _renamed(root, stack, overrides, old))


def difference(old: Sequence[Record], new: Sequence[Record], renamed: Mapping[str, str] | None = None) -> list[Change]:
    """Return how a plan differs from another one.

    A resource is the same if its URN is, or if `renamed` has its new URN by the old one.
    """
    urns = renamed or {}
    before = {urns.get(urn_of(each), urn_of(each)): each for each in old}
    after = {urn_of(each): each for each in new}
    deleted = [Change(operation=Operation.DELETE, urn=urn) for urn in before if urn not in after]
    created = [Change(operation=Operation.CREATE, urn=urn) for urn in after if urn not in before]
    common = (_change(urn, before[urn], record) for urn, record in after.items() if urn in before)
    return [*deleted, *created, *(change for change in common if change)]


def urn_of(record: Record) -> str:
    """Return a resource's URN: its type follows those of its parents, except for the stack's."""
    stack, project, parents, _ = record["parent"].split("::", 3) if record["parent"] else ("urn", "", STACK_TYPE, "")
    type_ = record["type"] if parents == STACK_TYPE else f"{parents}${record['type']}"
    return f"{stack}::{project}::{type_}::{record['name']}"


def _change(urn: str, old: Record, new: Record) -> Change | None:
    before, after = old["inputs"], new["inputs"]
    replaces: tuple[str, ...] = ()
    with contextlib.suppress(UnsupportedTypeError):  # a component is never replaced
        replaces = Provider(None).diff(new["type"], State(id="", inputs=before), after).replaces
    protection = compare({"protect": old["protect"]}, {"protect": new["protect"]})
    properties = (*compare(before, after, replaces=replaces), *protection)
    is_replaced = any(each.replaces for each in properties)
    operation = Operation.REPLACE if is_replaced else Operation.UPDATE
    return Change(operation=operation, urn=urn, properties=properties) if properties else None


def _renamed(root: Path, stack: str, overrides: Mapping[str, str], old: Sequence[Record]) -> dict[str, str]:
    """Return the new URN of each old resource that the program renames or moves with an alias, by its old URN."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as folder:
        checkpoint = Path(folder) / "stack.json"
        Checkpoint(checkpoint).save([_waiting(each) for each in old if each["parent"]])
        steps = plan(root, stack, overrides, checkpoint).steps
    return {step.old.urn: step.resource.urn for step in steps if step.old and step.operation != "delete"}


def _waiting(record: Record) -> Resource:
    """Return a resource that waits to be created again: the engine finds it, but uses none of its properties."""
    return Resource(
        urn=urn_of(record), type=record["type"], name=record["name"], parent=record["parent"], id="-", inputs={},
        custom=True, pending_replacement=True,
    )  # fmt: skip


def _check_out(root: Path, ref: str, folder: Path) -> None:
    """Write the files of a commit into an empty folder."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", problem=ref)
    archive = _git(root, "archive", "--format=tar", commit.decode().strip(), problem=ref)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
    except tarfile.FilterError as error:
        raise AgainstError(f"cannot write the files of the commit {ref!r}: {error}") from None


def _git(root: Path, *arguments: str, problem: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    if done.returncode:
        detail = done.stderr.decode(errors="replace").strip() or "no such commit, branch or tag here; try `git fetch`"
        raise AgainstError(f"cannot read the commit {problem!r}: {detail}")
    return done.stdout


def _plan_in(folder: Path, ref: str, stack: str, overrides: Mapping[str, str]) -> list[Record]:
    """Return the plan of the program in another folder, which runs in its own process."""
    command = [sys.executable, "-m", "local", "plan", "--stack", stack, "--json"]
    command += [f"--config={key}={value}" for key, value in overrides.items()]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AgainstError(f"the program of {ref} failed{_other_requirements(folder)}:\n{done.stderr.strip()}")
    return json.loads(done.stdout)


def _other_requirements(folder: Path) -> str:
    """Return a hint if the other program needs other packages than those that are installed for this one."""
    files = (ROOT / REQUIREMENTS, folder / REQUIREMENTS)
    texts = {file.read_text() if file.exists() else "" for file in files}
    return " (it needs other packages; those of the present commit are installed)" if len(texts) > 1 else ""
