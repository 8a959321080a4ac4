"""The page about previews in pull requests: its example, its policies, and what the workflow needs."""

import re

from infra.changes.change import LOST
from infra.changes.comment import comment
from infra.changes.pulumi_preview import read
from infra.packaging.bundles import ROOT
from tests.docs.pages import Block, blocks

PAGE = ROOT / "docs" / "previews.md"
RECORDED = ROOT / "tests" / "unit" / "infra" / "previews" / "keys_changed.json"
WORKFLOW = ROOT / ".github" / "workflows" / "preview.yml"


def labelled(language: str, label: str) -> list[Block]:
    return [block for block in blocks(language) if block.kind == label]


def test_the_example_is_a_comment_as_it_is_written() -> None:
    [block] = labelled("text", "comment")
    assert block.text.strip() == comment([read("prod", RECORDED.read_bytes())], "0123456789ab").strip()


def test_the_variables_and_secrets_of_the_workflow_are_listed() -> None:
    used = set(re.findall(r"\b(vars|secrets)\.(\w+)", WORKFLOW.read_text()))
    listed = re.findall(r"^ *\| `([A-Z_]+)` \| (variable|secret)", PAGE.read_text(), re.MULTILINE)
    assert {({"variable": "vars", "secret": "secrets"}[kind], name) for name, kind in listed} == used


def test_what_is_lost_is_listed() -> None:
    losses = re.findall(r"^\| [\w ]+ \| ([\w ]+) \|$", PAGE.read_text().partition("| what is lost |")[2], re.MULTILINE)
    assert losses[: len(LOST)] == list(LOST.values())
