"""Items as clients see them."""

from decimal import Decimal
from typing import Any

import msgspec

from handlers.contract import Collection, Model
from handlers.http import Response
from handlers.store import Item


def representation(item: Item) -> dict[str, Any]:
    """The item without what only the store needs."""
    return {name: value for name, value in item.items() if name != "revision"}


def etag(item: Item) -> str:
    """The item's entity tag (RFC 9110 §8.8.3): strong, new with every write."""
    return f'"{item["revision"]}"'


def item_response(item: Item, status: int, headers: dict[str, str] | None = None) -> Response:
    """An answer that is one item."""
    return Response(status=status, document=representation(item), headers={"ETag": etag(item), **(headers or {})})


def plain(model: Model) -> dict[str, Any]:
    """The fields of a model as JSON values, its numbers exact."""
    return msgspec.to_builtins(model, builtin_types=(Decimal,))


def written_fields(item: Item, collection: Collection) -> dict[str, Any]:
    """The part of an item that clients write."""
    return {name: item[name] for name in collection.field_names if name in item}
