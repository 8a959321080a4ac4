"""The parameters of each operation, for both documents."""

from typing import Any

from handlers.contract import Operation
from handlers.list import DEFAULT_LIMIT, MAX_LIMIT, ORDERS

ITEM_ID: dict[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The item's id.",
    "schema": {"type": "string"},
}

LIST: tuple[dict[str, Any], ...] = (
    {
        "name": "limit",
        "in": "query",
        "description": "How many items to return at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "Where to go on: the `next_cursor` of an earlier page.",
        "schema": {"type": "string"},
    },
    {
        "name": "order",
        "in": "query",
        "description": "Which items come first.",
        "schema": {"type": "string", "enum": list(ORDERS), "default": ORDERS[0]},
    },
)


def parameters(operation: Operation) -> list[dict[str, Any]]:
    """The parameters that the operation takes."""
    if operation.on_item:
        return [ITEM_ID]
    return list(LIST) if operation.name == "list" else []
