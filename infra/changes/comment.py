"""The comment on a pull request: what it changes in each stack, as short as GitHub requires."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from infra.changes.change import Change
from infra.changes.renderings import as_markdown, code

MARKER: Final = "<!-- gatehouse-preview -->"
"""The first line of the comment, by which it is found again."""

MAX_LENGTH: Final = 65_000
"""GitHub rejects a comment with more than 65,536 characters."""

MAX_ERROR: Final = 2_000
"""Longer error messages are shortened to this many characters."""


@dataclass(frozen=True, slots=True)
class StackChanges:
    """What would change in a stack. With errors, the changes are those that were found before."""

    stack: str
    changes: tuple[Change, ...] = ()
    errors: tuple[str, ...] = ()


def comment(stacks: Sequence[StackChanges], commit: str = "") -> str:
    """Return the comment; if it would be too long, with fewer changed properties, and finally cut off."""
    text = ""
    for max_properties in (10, 3, 0):
        text = "\n\n".join(_blocks(stacks, commit, max_properties)) + "\n"
        if len(text) <= MAX_LENGTH:
            return text
    complete_lines, _, _ = text[:MAX_LENGTH].rpartition("\n")
    return f"{complete_lines}\n\n**Too long: the rest is left out.**\n"


def _blocks(stacks: Sequence[StackChanges], commit: str, max_properties: int) -> Iterator[str]:
    yield f"{MARKER}\n## Preview{f' of {code(commit[:12])}' if commit else ''}"
    for each in stacks:
        yield f"### {code(each.stack)}"
        if each.errors:
            yield "> [!WARNING]\n> The preview failed. Changes may be missing here."
            yield from (_code_block(error) for error in each.errors)
        if each.changes or not each.errors:
            yield as_markdown(each.changes, max_properties)


def _code_block(text: str) -> str:
    """Return text as a block of code, in which nothing else has an effect: every line is indented."""
    shown = text if len(text) <= MAX_ERROR else f"{text[: MAX_ERROR - 1]}…"
    return "\n".join(f"    {line}" for line in shown.splitlines())
