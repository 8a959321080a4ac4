"""`python -m local plan --diff dev prod`: how two stacks differ, in their settings and in the resources that follow."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from infra import stack_file
from infra.changes import as_text, compare
from infra.changes.renderings import property_line
from infra.settings import load
from local.plans.against import difference
from local.plans.plan import example, records


def differences(root: Path, old: str, new: str, overrides: Mapping[str, str]) -> Iterator[str]:
    """Yield lines that say what would change in the stack `old` if it had the settings of `new`.

    Both programs run as the stack `old`, so that names that follow from the stack's do not differ.

    Raises:
        SettingsError: The settings of a stack are invalid.
        DeploymentError: The program failed.
    """
    before, after = (settings_of(root, stack, overrides) for stack in (old, new))
    one, other = (records(example(root, stack, overrides, name=old)) for stack in (old, new))
    yield f"Settings: {old} → {new}"
    lines = [f"  {property_line(each)}" for each in compare(before, after)]
    yield from lines or ("  no differences",)
    yield ""
    yield f"Resources of {old}, if it had the settings of {new}:"
    yield as_text(difference(one, other))


def settings_of(root: Path, stack: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of a stack with their defaults; encrypted values are masked."""
    file = stack_file.read(root, stack, overrides)
    region = {"aws:region": file.values.get("aws:region", "")}
    return region | msgspec.json.decode(msgspec.json.encode(load(file.project, stack, file.values)))


def issuers_of(root: Path, stack: str, overrides: Mapping[str, str]) -> list[str]:
    """Return the names of a stack's identity providers, the user pool's included."""
    file = stack_file.read(root, stack, overrides)
    return [each.name for each in load(file.project, stack, file.values).all_issuers]
