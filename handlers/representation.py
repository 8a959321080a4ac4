"""Items as clients see them."""

from typing import Any

from handlers.contract import Model, validate
from handlers.contract.entity_tags import entity_tag
from handlers.http import Response
from handlers.json_values import json_value
from handlers.store import Item


def representation(item: Item) -> dict[str, Any]:
    """Return the item without the revision, which clients see as an entity tag."""
    return {name: value for name, value in item.items() if name != "revision"}


def item_response(item: Item, status: int, headers: dict[str, str] | None = None) -> Response:
    """Return a response with one item."""
    return Response(
        status=status, document=representation(item), headers={"ETag": entity_tag(item["revision"]), **(headers or {})}
    )


def validated(body: dict[str, Any], model: type[Model]) -> dict[str, Any]:
    """Return all fields of a body as JSON values; numbers stay exact. Raises Invalid."""
    return json_value(validate(body, model))
