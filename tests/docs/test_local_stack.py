"""The settings that the page about the local stack says it rejects need resources that it lacks, and no others do."""

import re
from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT
from infra.stack_file import SettingsError
from local.plans.plan import plan
from local.provider.aws import RESOURCE_TYPES
from local.running_stack import StackOptions

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


def require_supported(settings: str, folder: Path) -> None:
    """Check settings as `up` and `preview` do before anything is created. Raises SettingsError."""
    overrides = dict(each.split("=", 1) for each in settings.split("; "))
    StackOptions(root=ROOT, state=folder, settings=overrides).trusted_issuers()


SCHEDULE = '{name: night, cron: "0 20 * * ? *", minimum: 1, maximum: 1}'
OVERRIDES = {
    f"functions.overrides={{items: {{provisionedConcurrency: {{minimum: 1, maximum: 1, schedules: [{SCHEDULE}]}}}}}}": (
        "gatehouse:functions.overrides.items.provisionedConcurrency: not supported by the local stack"
    ),
    "data.overrides={items: {capacity: {mode: provisioned, reads: {minimum: 1}, writes: {minimum: 1, maximum: 2}}}}": (
        "gatehouse:data.overrides.items.capacity.writes: not supported by the local stack"
    ),
}


@pytest.mark.parametrize("settings", [row[0].strip("`") for row in rows()])
def test_what_the_table_lists_is_rejected_before_anything_is_created(settings: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not supported by the local stack"):
        require_supported(settings, tmp_path)


@pytest.mark.parametrize(("settings", "message"), OVERRIDES.items())
def test_so_are_settings_of_a_single_function_or_table(settings: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        require_supported(f"functions.versions=true; {settings}", tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        "waf.enabled=true",
        "functions.versions=true; functions.provisionedConcurrency={minimum: 2, maximum: 2}",
        "data.capacity={mode: provisioned, reads: {minimum: 1, maximum: 1}, writes: {minimum: 1}}",
        "backups.enabled=true",
    ],
)
def test_what_the_table_proposes_is_supported(settings: str, tmp_path: Path) -> None:
    assert unsupported(settings) == set()
    require_supported(settings, tmp_path)
