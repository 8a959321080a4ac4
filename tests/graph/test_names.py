"""The URNs and physical names of the shipped stacks' resources, which no change may break.

A resource whose URN changes without an alias is deleted and created again, and so is one whose physical name changes.
`tests/graph/names` lists both, for the sample collections, one resource per line. A new resource is added to the list;
one whose line is removed is deleted from the stacks of all teams. `python -m tests.graph.test_names` writes the lists.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT, without_building
from local.engine import Deployment, Step, deploy
from local.plans.plan import UNKNOWN_MARK, plan
from local.provider import Provider
from local.provider.resources import RESOURCE_TYPES
from tests.samples import only_samples

pytestmark = pytest.mark.usefixtures("samples")

FOLDER = Path(__file__).parent / "names"
STACKS = {"dev": ROOT, "prod": ROOT, "local": ROOT, "account": ROOT / "infra" / "account"}
SETTINGS = {
    "prod": {
        "usage.plans": json.dumps([{"name": "gold", "rate": 1, "burst": 1, "clients": {"main": ["app"]}}]),
    }
}
"""Settings that add resources."""


def stack_of(name: str) -> str:
    return "main" if name == "account" else name


def lines(deployment: Deployment) -> dict[str, str]:
    """Return the physical name of each resource by its URN; empty if the service generates it."""
    found: dict[str, str] = {}
    for resource in deployment.resources:
        kind = RESOURCE_TYPES.get(resource.type)
        name = resource.inputs.get(kind.name_property or "", "") if kind else ""
        found[resource.urn] = name if isinstance(name, str) else UNKNOWN_MARK
    return found


def listed(name: str) -> dict[str, str]:
    rows = (line.split("\t") for line in (FOLDER / f"{name}.txt").read_text().splitlines())
    return dict(row for row in rows)


def preview_over(name: str, urns: Mapping[str, str], folder: Path) -> list[Step]:
    """Preview a stack in which exactly these resources exist."""
    resources = [
        {"urn": urn, "type": (type_ := urn.split("::")[2].rpartition("$")[2]), "custom": type_ in RESOURCE_TYPES,
         "id": "x", "inputs": {}, "outputs": {}}
        for urn in urns
    ]  # fmt: skip
    checkpoint = folder / "stack.json"
    checkpoint.write_text(json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": resources}}))
    with without_building():
        deployment = deploy(
            STACKS[name], stack_of(name), Provider(None), SETTINGS.get(name), checkpoint=checkpoint, preview=True
        )
    return list(deployment.steps)


@pytest.mark.parametrize("name", STACKS)
def test_every_listed_resource_is_found_by_its_urn_or_an_alias(name: str, tmp_path: Path) -> None:
    steps = preview_over(name, listed(name), tmp_path)
    assert [step.resource.urn for step in steps if step.operation == "delete"] == []
    assert [step.resource.urn for step in steps if step.operation == "create"] == [], "add these to the list"


@pytest.mark.parametrize("name", STACKS)
def test_physical_names_stay_the_same(name: str) -> None:
    assert lines(plan(STACKS[name], stack_of(name), SETTINGS.get(name))) == listed(name)


def test_a_renamed_resource_without_an_alias_would_be_deleted(tmp_path: Path) -> None:
    urns = {urn.replace("::items-read", "::items-get"): "" for urn in listed("dev")}
    steps = preview_over("dev", urns, tmp_path)
    assert {step.resource.name for step in steps if step.operation == "delete"} >= {"items-get"}


if __name__ == "__main__":
    with only_samples():
        for each, root in STACKS.items():
            rows = lines(plan(root, stack_of(each), SETTINGS.get(each))).items()
            (FOLDER / f"{each}.txt").write_text("".join(f"{urn}\t{physical}\n" for urn, physical in rows))
    sys.stdout.write(f"{FOLDER}\n")
