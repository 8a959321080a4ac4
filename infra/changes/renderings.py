"""Show changes as text for a terminal, or as Markdown for a comment on GitHub."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from infra.changes.change import Change, Operation, losses, ordered
from infra.changes.differences import PropertyChange

SYMBOLS: Final = {
    Operation.REPLACE: "+-",
    Operation.DELETE: "- ",
    Operation.CREATE: "+ ",
    Operation.IMPORT: "= ",
    Operation.UPDATE: "~ ",
}
"""Those of the Pulumi CLI."""

MAX_PROPERTIES: Final = 10
"""The number of changed properties that are shown of each resource; the others are counted."""


def summary(changes: Iterable[Change], *, done: bool = False) -> str:
    """Return the number of changes by operation: `1 to replace, 2 to update`, or `1 replaced, 2 updated` if done."""
    counts = Counter(change.operation for change in changes)
    words = {each: f"{each.removesuffix('e')}ed" if done else f"to {each}" for each in Operation}
    return ", ".join(f"{counts[each]} {words[each]}" for each in Operation if counts[each]) or "no changes"


def as_text(changes: Sequence[Change], max_properties: int = MAX_PROPERTIES, *, done: bool = False) -> str:
    """Return changes, planned or done, as lines of text, with a warning if they lose data."""
    lines: list[str] = []
    for alike in _groups(changes):
        lines.append(f"{SYMBOLS[alike[0].operation]} {_resources(alike, _printable)}")
        lines += (f"     {line}" for line in _property_lines(alike[0], max_properties, _printable))
    lines.append(summary(changes, done=done))
    tense = "was" if done else "would be"
    lines += (
        f"data {tense} lost: {alike[0].operation} {_resources(alike, _printable)}: {alike[0].loss}"
        for alike in _groups(losses(changes))
    )
    return "\n".join(lines)


def as_markdown(changes: Sequence[Change], max_properties: int = MAX_PROPERTIES) -> str:
    """Return changes as Markdown: first what would be lost, then a collapsed section for each operation."""
    blocks = [f"**{summary(changes)}**"]
    if lost := losses(changes):
        items = (f"> - {alike[0].operation} {_resources(alike, code)}: {alike[0].loss}" for alike in _groups(lost))
        blocks.append("\n".join(("> [!CAUTION]", "> **Data would be lost:**", ">", *items)))
    for operation, groups in groupby(_groups(changes), key=lambda alike: alike[0].operation):
        count, lines = 0, list[str]()
        for alike in groups:
            count += len(alike)
            lines.append(f"- {_resources(alike, code)}{' (left in place)' if alike[0].retained else ''}")
            lines += (f"  - {line}" for line in _property_lines(alike[0], max_properties, code))
        # An empty line ends the HTML block, so that Markdown is recognised again.
        blocks += [f"<details><summary>{count} to {operation}</summary>", "\n".join(lines), "</details>"]
    return "\n\n".join(blocks)


def short_type(type_: str) -> str:
    """Return a type without its module's file, as the Pulumi CLI shows it: `aws:dynamodb:Table`."""
    return re.sub(r"/[^:]*", "", type_)


def code(text: str) -> str:
    """Return text as inline code, in which neither Markdown, HTML nor the mention of a user has an effect."""
    text = _printable(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    padding = " " if "`" in text or not text else ""  # two backticks alone would begin other code
    return f"{fence}{padding}{text}{padding}{fence}"


def _groups(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Yield the changes in order; resources of a type that change alike are together."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in ordered(changes):
        key = change.operation, change.type, change.properties, change.retained
        groups.setdefault(key, []).append(change)
    yield from groups.values()


def _resources(alike: Sequence[Change], style: Callable[[str], str]) -> str:
    return f"{style(short_type(alike[0].type))} {', '.join(style(change.name) for change in alike)}"


def _property_lines(change: Change, limit: int, style: Callable[[str], str]) -> Iterator[str]:
    """Yield a line for each changed property, up to a limit; those that require a replacement come first."""
    shown = sorted(change.properties, key=lambda each: not each.replaces)[:limit]
    for each in shown:
        yield property_line(each, style)
    if more := len(change.properties) - len(shown):
        yield f"{more} {'more ' if shown else ''}changed {'property' if more == 1 else 'properties'}"


def property_line(change: PropertyChange, style: Callable[[str], str] | None = None) -> str:
    """Return a property with its values before and after; `style` renders names and values (by default, as text)."""
    style = style or _printable
    match change.old, change.new:
        case None, str(new):
            values = f"{style(new)} is added"
        case str(old), None:
            values = f"{style(old)} is removed"
        case str(old), str(new) if old != new:
            values = f"{style(old)} → {style(new)}"
        case _:  # a secret, or a value that only the provider can compare
            values = "changed, but not shown"
    return f"{style(change.path)}: {values}{' (requires replacement)' if change.replaces else ''}"


def _printable(text: str) -> str:
    """Replace line breaks and other control characters, which could imitate other lines."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
