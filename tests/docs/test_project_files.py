"""The files that GitHub and pre-commit read."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.packaging.bundles import ROOT

FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("form", [each for each in FORMS if each.name != "config.yml"], ids=lambda path: path.name)
def test_an_issue_form_has_what_github_requires(form: Path) -> None:
    found = read(form)
    assert {"name", "description", "body"} <= found.keys()
    fields = [field for field in found["body"] if field["type"] != "markdown"]
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)


def test_dependabot_watches_every_kind_of_dependency() -> None:
    updates = {
        each["package-ecosystem"]: each["directory"] for each in read(ROOT / ".github/dependabot.yml")["updates"]
    }
    assert updates.keys() == {"pip", "npm", "github-actions"}
    assert all((ROOT / directory.lstrip("/")).is_dir() for directory in updates.values())


def test_pre_commit_runs_pinned_tools_of_make_check() -> None:
    hooks = [hook for repo in read(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    pinned = {each.partition("==")[0] for each in groups["tests"] if isinstance(each, str)}
    check = re.search(r"^check:.*?\n\n", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert check
    for hook in hooks:
        tool = Path(hook["entry"].split()[0]).name
        assert tool == "python" or tool in pinned, tool
        assert f"$(BIN)/{tool}" in check[0], tool
