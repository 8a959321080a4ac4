"""The README's diagram, of the stack `dev`: `python -m local.plans.readme` writes it, `--check` only compares it."""

import re
import sys
from typing import Final

from infra.packaging.bundles import ROOT
from local.plans.architecture import Architecture
from local.plans.diagram import draw
from local.plans.plan import example
from local.plans.stack_differences import issuers_of

STACK: Final = "dev"
FILE: Final = ROOT / "README.md"
_BLOCK: Final = re.compile(r"(?<=<!-- diagram -->\n```mermaid\n).*?(?=```\n)", re.DOTALL)


def with_diagram(text: str) -> str:
    """Return the README with the diagram of the present program."""
    lines = draw(Architecture(example(ROOT, STACK)), issuers_of(ROOT, STACK, {}))
    diagram = "".join(f"{line}\n" for line in lines)
    return _BLOCK.sub(lambda _: diagram, text, count=1)


def main(arguments: list[str]) -> int:
    """Write the diagram, or with `--check` return 1 if it is out of date."""
    text = FILE.read_text()
    expected = with_diagram(text)
    if arguments != ["--check"]:
        FILE.write_text(expected)
        return 0
    if text != expected:
        sys.stderr.write(f"{FILE.name}: the diagram is out of date; run `make diagram`\n")
    return int(text != expected)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
