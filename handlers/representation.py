"""Items as clients see them."""

from email.utils import formatdate
from typing import Any

from handlers.contract import Model, validate
from handlers.contract.entity_tags import entity_tag
from handlers.contract.keys import EXPIRY
from handlers.http import Response
from handlers.json_values import json_value
from handlers.store import Item


def representation(item: Item) -> dict[str, Any]:
    """Return the item without what clients see in headers: the revision as an entity tag, and when it expires."""
    return {name: value for name, value in item.items() if name not in ("revision", EXPIRY)}


def item_response(item: Item, status: int, headers: dict[str, str] | None = None) -> Response:
    """Return a response with one item. If it expires, the header `Sunset` says when (RFC 8594 §3)."""
    sunset = {"Sunset": formatdate(item[EXPIRY], usegmt=True)} if EXPIRY in item else {}
    return Response(
        status=status,
        document=representation(item),
        headers={"ETag": entity_tag(item["revision"]), **sunset, **(headers or {})},
    )


def validated(body: dict[str, Any], model: type[Model]) -> dict[str, Any]:
    """Return all fields of a body as JSON values; numbers stay exact. Raises Invalid."""
    return json_value(validate(body, model))
