"""Show changes as text for a terminal, or as Markdown for a comment on GitHub."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from infra.changes.change import Change, Operation, losses, ordered
from infra.changes.differences import SECRET_MARK, PropertyChange

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


def summary(changes: Iterable[Change]) -> str:
    """Return the number of changes by operation: `1 to replace, 2 to update`."""
    counts = Counter(change.operation for change in changes)
    return ", ".join(f"{counts[each]} to {each}" for each in Operation if counts[each]) or "no changes"


def as_text(changes: Sequence[Change], max_properties: int = MAX_PROPERTIES) -> str:
    """Return changes as lines of text, with a warning if data would be lost."""
    lines: list[str] = []
    for change in ordered(changes):
        lines.append(f"{SYMBOLS[change.operation]} {short_type(change.type)} {_printable(change.name)}")
        lines += (f"     {line}" for line in _property_lines(change, max_properties, _printable))
    lines.append(summary(changes))
    lines += (
        f"data would be lost: {each.operation} {short_type(each.type)} {_printable(each.name)}: {each.loss}"
        for each in losses(changes)
    )
    return "\n".join(lines)


def as_markdown(changes: Sequence[Change], max_properties: int = MAX_PROPERTIES) -> str:
    """Return changes as Markdown: first what would be lost, then a collapsed section for each operation."""
    blocks = [f"**{summary(changes)}**"]
    if lost := losses(changes):
        items = (f"> - {each.operation} {_resource(each)}: {each.loss}" for each in lost)
        blocks.append("\n".join(("> [!CAUTION]", "> **Data would be lost:**", ">", *items)))
    for operation, group in groupby(ordered(changes), key=lambda change: change.operation):
        members = list(group)
        lines: list[str] = []
        for change in members:
            lines.append(f"- {_resource(change)}{' (left in place)' if change.retained else ''}")
            lines += (f"  - {line}" for line in _property_lines(change, max_properties, code))
        # An empty line ends the HTML block, so that Markdown is recognised again.
        blocks += [f"<details><summary>{len(members)} to {operation}</summary>", "\n".join(lines), "</details>"]
    return "\n\n".join(blocks)


def short_type(type_: str) -> str:
    """Return a type without its module's file, as the Pulumi CLI shows it: `aws:dynamodb:Table`."""
    return re.sub(r"/[^:]*", "", type_)


def code(text: str) -> str:
    """Return text as inline code, in which neither Markdown, HTML nor the mention of a user has an effect."""
    text = _printable(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    padding = " " if "`" in text else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def _resource(change: Change) -> str:
    return f"{code(short_type(change.type))} {code(change.name)}"


def _property_lines(change: Change, limit: int, style: Callable[[str], str]) -> Iterator[str]:
    """Yield a line for each changed property, up to a limit; those that require a replacement come first."""
    shown = sorted(change.properties, key=lambda each: not each.replaces)[:limit]
    for each in shown:
        yield _property_line(each, style)
    if more := len(change.properties) - len(shown):
        yield f"{more} {'more ' if shown else ''}changed {'property' if more == 1 else 'properties'}"


def _property_line(change: PropertyChange, style: Callable[[str], str]) -> str:
    match change.old, change.new:
        case None, str(new):
            values = f"{style(new)} is added"
        case str(old), None:
            values = f"{style(old)} is removed"
        case str(old), str(new) if old != new:
            values = f"{style(old)} → {style(new)}"
        case _:  # a secret, or a value that only the provider can compare
            values = f"{style(change.new or SECRET_MARK)} is changed"
    return f"{style(change.path)}: {values}{' (requires replacement)' if change.replaces else ''}"


def _printable(text: str) -> str:
    """Replace line breaks and other control characters, which could imitate other lines."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
