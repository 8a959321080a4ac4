"""Branch stacks: a stack per branch or pull request, next to the stack whose settings it uses.

The stack `dev-pr-12` needs no stack file: its settings are those of `dev`. `python -m infra.branches dev BRANCH` prints
the name of a branch's stack.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from infra import cli_yaml
from infra.packaging.bundles import ROOT

MAX_STACK = 24
"""Characters of a branch stack's name. With it, names of functions and roles have at most 64 characters as long as that
of a collection has at most 20."""

DIGEST = 6
"""Characters of the digest in a name that differs from its branch's."""


def settings_file(root: Path, stack: str) -> Path:
    """Return the file with a stack's settings: its own, or that of the stack of which it is a branch."""
    return root / f"Pulumi.{base_of(root, stack) or stack}.yaml"


def branch_of(root: Path, stack: str) -> str | None:
    """Return the branch of a stack (`pr-12` of `dev-pr-12`), or None if it is not a branch stack."""
    base = base_of(root, stack)
    return base and stack.removeprefix(f"{base}-")


def base_of(root: Path, stack: str) -> str | None:
    """Return the stack whose settings a branch stack uses, or None if it is not a branch stack.

    It is the longest beginning of the name, up to a hyphen, that has a stack file. A stack with settings in a file of
    its own is not a branch stack; `pulumi stack init` may create a file that has only the key of its secrets.
    """
    if _has_settings(root / f"Pulumi.{stack}.yaml"):
        return None
    bases = (stack[: hyphen.start()] for hyphen in reversed(list(re.finditer("-", stack))))
    return next((base for base in bases if base and _has_settings(root / f"Pulumi.{base}.yaml")), None)


def _has_settings(file: Path) -> bool:
    try:
        content = cli_yaml.parse(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True  # reading the settings reports what is wrong with the file
    return not isinstance(content, dict) or not {"config", "environment"}.isdisjoint(cast("dict[Any, Any]", content))


def stack_of(base: str, branch: str) -> str:
    """Return the name of a branch's stack: `dev-pr-12`.

    A branch whose name is too long, or has other characters than lower-case letters, digits and single hyphens, is
    shortened and gets a digest, so that different branches never share a stack. Raises ValueError if the name of
    `base` leaves no room.
    """
    room = MAX_STACK - len(base) - 1
    if room <= DIGEST:
        raise ValueError(f"{base}: a stack with branches must have at most {MAX_STACK - DIGEST - 2} characters")
    if len(branch) <= room and re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", branch):
        return f"{base}-{branch}"
    digest = hashlib.sha256(branch.encode()).hexdigest()[:DIGEST]
    words = re.sub("[^a-z0-9]+", "-", branch.lower()).strip("-")
    suffix = f"{words[: room - DIGEST - 1].strip('-')}-{digest}".removeprefix("-")
    return f"{base}-{suffix}"


def require_branch_of(root: Path, base: str, stack: str) -> None:
    """Raise ValueError if a name is that of another stack, or of a branch of one: they would overwrite each other."""
    found = base_of(root, stack)
    if found is None and not _has_settings(root / f"Pulumi.{stack}.yaml"):
        raise ValueError(f"{base}: no such stack file with settings, Pulumi.{base}.yaml")
    if found != base:
        owner = f"a branch of the stack {found}" if found else "a stack with its own settings"
        raise ValueError(f"{stack}: is the name of {owner}; pass another name for the branch")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print the name of a branch's stack."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.branches", description="Print the name of a branch's stack.", allow_abbrev=False
    )
    parser.add_argument("base", help="the stack whose settings it uses: dev")
    parser.add_argument("branch", help="the name of a branch, or pr-NUMBER for a pull request")
    options = parser.parse_args(arguments)
    try:
        stack = stack_of(options.base, options.branch)
        require_branch_of(root, options.base, stack)
    except ValueError as error:
        sys.stderr.write(f"gatehouse: {error}\n")
        return 1
    sys.stdout.write(f"{stack}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
