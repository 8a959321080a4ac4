"""Nothing depends on the partition `aws`: plans for GovCloud and China have ARNs and endpoints of those partitions."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT
from local.plans.plan import example, json_value
from tests.graph.settings_space import everything_on, overrides
from tests.graph.test_account_roles import SETTINGS

ARN = re.compile(r"\barn:([a-z-]+):")
PARTITIONS = [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-central-1", "aws")]


def partitions(root: Path, stack: str, settings: Mapping[str, str]) -> dict[str, set[str]]:
    """The partitions of all ARNs in each resource's inputs, except for those of the settings."""
    deployment = example(root, stack, settings)
    given = set(re.findall(r'arn:[^"]+', json.dumps(settings).replace("\\", "")))
    found: dict[str, set[str]] = {}
    for each in (each for each in deployment.resources if each.type.startswith("aws:")):
        text = json.dumps(json_value(each.inputs, deployment.root), default=str)
        for arn in given:
            text = text.replace(arn, "")
        found[f"{each.type} {each.name}"] = set(ARN.findall(text))
    return {name: each for name, each in found.items() if each}


@pytest.mark.parametrize(("region", "partition"), PARTITIONS)
@pytest.mark.parametrize("flavour", ["rest", "http"])
def test_all_arns_are_of_the_regions_partition(region: str, partition: str, flavour: str) -> None:
    settings = {**overrides(everything_on(flavour)), "aws:region": region}
    found = partitions(ROOT, "prod", settings)
    assert len(found) > 50
    assert {name: each for name, each in found.items() if each != {partition}} == {}


@pytest.mark.parametrize(("region", "partition"), PARTITIONS)
def test_all_arns_of_the_account_are_of_its_partition(region: str, partition: str) -> None:
    found = partitions(ROOT / "infra" / "account", "main", {**SETTINGS, "aws:region": region})
    assert len(found) > 10
    assert {name: each for name, each in found.items() if each != {partition}} == {}


@pytest.mark.parametrize("folder", ["infra", "handlers", "authorizer"])
def test_no_source_contains_an_arn_of_one_partition(folder: str) -> None:
    allowed = {"infra/functions/policy_sizes.py"}  # the longest ARN, for a limit of length
    found = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / folder).rglob("*.py")
        for line in file.read_text().splitlines()
        if re.search(r"[\"']arn:aws[a-z-]*:", line)
    }
    assert found - allowed == set()
