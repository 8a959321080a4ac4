"""Sphinx's settings: how `make docs` turns the Markdown pages into a site.

The project's folder is the source, so that links lead to the same files here and on GitHub.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

project = "Gatehouse"
html_title = "Gatehouse"
html_theme = "furo"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False

root_doc = "docs/index"
include_patterns = ["docs/**", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
exclude_patterns = [".*", "build", "mutants"]

extensions = ["myst_parser", "sphinxcontrib.mermaid", "sphinx_copybutton"]
nitpicky = True
# The same anchors as GitHub's, and the same fences for diagrams.
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
# Browsers load Mermaid from a CDN. Without network access they show the source of a diagram.
mermaid_version = "12.3.0"

GROUP = re.compile(r"^## (?P<caption>.+)\n+(?P<links>(?:- .+\n)+)", re.MULTILINE)
LINK = re.compile(r"^- \[[^\]]+\]\((?P<path>[^)]+)\.md\)", re.MULTILINE)
REDIRECT = '<!doctype html><title>Gatehouse</title><meta http-equiv="refresh" content="0; url=docs/index.html">\n'


def add_contents(_app: Sphinx, page: str, source: list[str]) -> None:
    """Append tables of contents to the index, made from its own lists, so that it reads well on GitHub too."""
    if page == root_doc:
        for group in GROUP.finditer(source[0]):
            pages = "\n".join(LINK.findall(group["links"]))
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {group['caption']}\n\n{pages}\n```\n"


def add_redirect(app: Sphinx, _exception: Exception | None) -> None:
    """Write the page that leads from the site's top to the index."""
    Path(app.outdir, "index.html").write_text(REDIRECT)


def setup(app: Sphinx) -> None:
    """Register both."""
    app.connect("source-read", add_contents)
    app.connect("build-finished", add_redirect)
