"""Every code block of the documentation is checked by a test of this folder."""

import re
from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT
from tests.docs.pages import PAGES, Block, anchors, blocks, blocks_of, inline_code, links

LABELS = {
    "sh": {"", "session", "walkthrough", "revoke"},
    "python": {"", "collection"},
    "json": {"policy", "response"},
    "yaml": {"", "account", "cognito", "example", "revocation", "stack", "usage"},
    "text": {"", "comment", "decisions", "insights", "metrics", "plan", "requests"},
    "mermaid": {"", "diagram"},
}
"""The languages that are checked, each with the labels of its blocks."""

NODE = r'\w+(?:\(\[".+?"\]\)|\[\(".+?"\)\]|\[".+?"\])'
FLOWCHART = re.compile(
    rf'(?:flowchart (?:LR|TB)|subgraph \w+\["[^"]+"\]|end|{NODE}|(?P<source>\w+) --(?: "[^"]+" --)?> (?P<target>\w+))'
)
SEQUENCE = re.compile(r"(?:sequenceDiagram|participant \w+ as [\w ]+|(?P<source>\w+)-?->>(?P<target>\w+): [^;#]+)")
"""What the diagrams consist of: a small part of Mermaid, in which a mistake can be found without a browser."""

FOLDERS = ("authorizer/", "docs/", "handlers/", "infra/", "local/", "tests/", ".github/")


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_a_block_is_of_a_language_and_label_that_are_checked(block: Block) -> None:
    assert block.kind in LABELS[block.language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_fence_is_of_a_block_that_is_found(page: Path) -> None:
    fences = re.findall(r"^\s*(?:```|~~~)", page.read_text(), re.MULTILINE)
    assert len(fences) == 2 * len(blocks_of(page))


@pytest.mark.parametrize("block", blocks("mermaid"), ids=str)
def test_a_diagram_has_the_right_form_and_names_what_it_declares(block: Block) -> None:
    lines = [line.strip() for line in block.text.splitlines()]
    form = SEQUENCE if lines[0] == "sequenceDiagram" else FLOWCHART
    found = [form.fullmatch(line) for line in lines]
    assert [line for line, match in zip(lines, found, strict=True) if match is None] == []
    declared = set(re.findall(r"^\s*(?:participant )?(\w+)(?: as|\(|\[)", block.text, re.MULTILINE))
    used = {name for match in found if match for name in (match["source"], match["target"]) if name}
    assert used
    assert used - set(re.findall(r"^\s*subgraph (\w+)", block.text, re.MULTILINE)) == declared


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    for code in inline_code(page):
        if code.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", code):
            assert (ROOT / code).exists(), code
        elif re.fullmatch(r"test_\w+\.py", code):
            assert list((ROOT / "tests").rglob(code)), code


def test_the_index_links_to_every_page() -> None:
    listed = {(ROOT / "docs" / path).resolve() for path, _ in links(ROOT / "docs" / "index.md")}
    assert {page for page in PAGES if page.name not in ("README.md", "index.md")} <= listed


def test_the_readme_links_to_the_index() -> None:
    assert ("docs/index.md", "") in links(ROOT / "README.md")


@pytest.mark.parametrize("page", [each for each in PAGES if each.name != "README.md"], ids=lambda page: page.name)
def test_pages_link_to_pages_of_the_site(page: Path) -> None:
    """The README is not part of the site that `make docs` builds; a link to it makes the build fail."""
    assert (ROOT / "README.md") not in {(page.parent / path).resolve() for path, _ in links(page)}
