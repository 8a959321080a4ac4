"""The documentation's pages, and the code blocks, links and inline code in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from infra.packaging.bundles import ROOT

PAGES = sorted(
    [
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")),
    ]
)
"""Every page, without the recorded results, which have no code."""

BLOCK = re.compile(
    r"(?:^[ ]*<!-- (?P<label>[^\n]*) -->\n+)?^(?P<indent>[ ]*)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
"""A fenced code block, with the comment before it, which says how it is checked."""

LINK = re.compile(r"\]\((?P<path>[^)#:]*)(?:#(?P<anchor>[^)]*))?\)")
CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A code block. `label` is the comment before it, empty if there is none."""

    page: Path
    line: int
    language: str
    label: str
    text: str

    @property
    def kind(self) -> str:
        """The first word of the label."""
        return self.label.partition(" ")[0].rstrip(":")

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages in these languages, or in any language."""
    found = [block for page in PAGES for block in blocks_of(page)]
    return [block for block in found if not languages or block.language in languages]


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, without their indentation."""
    text = page.read_text()
    return [
        Block(
            page=page,
            line=text.count("\n", 0, found.start("language")) + 1,
            language=found["language"],
            label=found["label"] or "",
            text=re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
        )
        for found in BLOCK.finditer(text)
    ]


def prose(page: Path) -> str:
    """Return a page's text without its code blocks."""
    return BLOCK.sub("", page.read_text())


def inline_code(page: Path) -> list[str]:
    """Return the inline code of a page, with a table's escaped pipes as they are shown."""
    return [code.replace("\\|", "|") for code in CODE.findall(prose(page))]


def links(page: Path) -> list[tuple[str, str]]:
    """Return the relative links of a page: path and anchor, either may be empty."""
    without_code = CODE.sub("", prose(page))
    return [(found["path"], found["anchor"] or "") for found in LINK.finditer(without_code)]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes from a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
