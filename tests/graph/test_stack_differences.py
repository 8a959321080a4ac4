"""`python -m local plan --diff dev prod`: settings and resources that differ, not names."""

from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT
from infra.stack_file import SettingsError
from local.plans.stack_differences import differences
from tests.checkout import checkout


def test_a_stack_does_not_differ_from_itself() -> None:
    assert list(differences(ROOT, "prod", "prod", {})) == [
        "Settings: prod → prod", "  no differences", "", "Resources of prod, if it had the settings of prod:",
        "no changes",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two stacks that differ in one setting."""
    folder = checkout(tmp_path_factory.mktemp("project"))
    text = (folder / "Pulumi.prod.yaml").read_text()
    (folder / "Pulumi.other.yaml").write_text(text.replace("retentionDays: 365", "retentionDays: 30"))
    (folder / "Pulumi.broken.yaml").write_text(text.replace("retentionDays: 365", "retentionDays: 0"))
    return folder


@pytest.mark.usefixtures("samples")
def test_names_that_follow_from_the_stack_are_no_differences(project: Path) -> None:
    settings, change, _, heading, groups, retention, count = "\n".join(
        differences(project, "prod", "other", {})
    ).splitlines()
    assert (settings, change) == ("Settings: prod → other", "  logs.retentionDays: 365 → 30")
    assert heading == "Resources of prod, if it had the settings of other:"
    assert groups.startswith("~  aws:cloudwatch:LogGroup access, authorizer, ")
    assert retention == "     retentionInDays: 365 → 30"
    assert count == "22 to update"


def test_overrides_apply_to_both_stacks(project: Path) -> None:
    lines = list(differences(project, "prod", "other", {"logs.retentionDays": "7"}))
    assert lines[1] == "  no differences"
    assert lines[-1] == "no changes"


def test_policies_and_the_document_are_compared(project: Path) -> None:
    lines = "\n".join(differences(ROOT, "dev", "prod", {}))
    assert '  api.corsOrigins[1]: "http://localhost:5173" is removed' in lines
    assert "Access-Control-Allow-Origin" in lines
    assert "[unknown]" not in lines


def test_invalid_settings_are_those_of_their_own_stack(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"1 invalid setting in Pulumi\.broken\.yaml"):
        list(differences(project, "prod", "broken", {}))
