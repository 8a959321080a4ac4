"""What a deployment would change in a stack, and how it is shown: as text for a terminal, as Markdown for a comment."""

from infra.changes.change import Change, Operation, losses, ordered
from infra.changes.differences import SECRET_MARK, UNKNOWN_MARK, PropertyChange, compare
from infra.changes.renderings import as_markdown, as_text

__all__ = (
    "SECRET_MARK",
    "UNKNOWN_MARK",
    "Change",
    "Operation",
    "PropertyChange",
    "as_markdown",
    "as_text",
    "compare",
    "losses",
    "ordered",
)
