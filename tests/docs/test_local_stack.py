"""The settings that the page about the local stack says it rejects need resources that it lacks, and no others do."""

import re

import pytest

from infra.packaging.bundles import ROOT
from local.plans.plan import plan
from local.provider.aws import RESOURCE_TYPES

PAGE = ROOT / "docs" / "local-stack.md"


def rows() -> list[list[str]]:
    table = PAGE.read_text().partition("<!-- rejected -->\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


def unsupported(settings: str) -> set[str]:
    """Return the types that the plan of the stack `local` has with these settings and the provider lacks."""
    overrides = dict(each.split("=", 1) for each in settings.split("; ") if each)
    types = {each.type for each in plan(ROOT, "local", overrides).custom if each.type.startswith("aws:")}
    return {each.rpartition(":")[2] for each in types - RESOURCE_TYPES.keys()}


@pytest.mark.parametrize(("settings", "types"), [row[:2] for row in rows()], ids=[row[0] for row in rows()])
def test_a_setting_needs_the_types_that_the_table_names(settings: str, types: str) -> None:
    assert unsupported(settings.strip("`")) == set(re.findall(r"`(\w+)`", types)) != set()


@pytest.mark.parametrize(
    "settings",
    [
        "waf.enabled=true",
        "functions.versions=true; functions.provisionedConcurrency={minimum: 2, maximum: 2}",
        "data.capacity={mode: provisioned, reads: {minimum: 1, maximum: 1}, writes: {minimum: 1}}",
        "backups.enabled=true",
    ],
)
def test_what_the_table_proposes_is_supported(settings: str) -> None:
    assert unsupported(settings) == set()
