"""The parameters of each route, for both documents."""

from typing import Any

from handlers.contract import Collection, Route
from handlers.contract.listing import CURSOR, DEFAULT_LIMIT, LIMIT, MAX_LIMIT, ORDER, ORDERS
from infra.documents.answers import CURSOR_FORMAT, EXAMPLE_CURSOR, EXAMPLE_ID
from infra.documents.schemas import ID_SCHEMA, model_schemas

TAG = r'(W/)?"[!#-~]*"'
TAGS_SCHEMA = {
    "type": "string",
    "format": "entity-tags",
    "pattern": rf"^(\*|{TAG}([ \t]*,[ \t]*{TAG}){{0,9}})$",
}
"""`*`, or up to ten entity tags (RFC 9110 §13.1)."""

EXAMPLE_TAG = '"6f1e2d3c4b5a6978"'


def _parameter(place: str, name: str, description: str, schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    found = {"name": name, "in": place, "description": description, "schema": schema}
    return found if example is None else found | {"example": example}


ITEM_ID: dict[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The item's id.",
    "schema": ID_SCHEMA,
    "example": EXAMPLE_ID,
}

IF_MATCH = _parameter(
    "header",
    "If-Match",
    "Only where the item's entity tag is one of these (RFC 9110 §13.1.1).",
    TAGS_SCHEMA,
    EXAMPLE_TAG,
)
IF_NONE_MATCH = _parameter(
    "header",
    "If-None-Match",
    "Only where the item's entity tag is none of these (RFC 9110 §13.1.2).",
    TAGS_SCHEMA,
    EXAMPLE_TAG,
)
IDEMPOTENCY_KEY = _parameter(
    "header",
    "Idempotency-Key",
    "The same key and body give the same answer and one item, for 24 hours.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]+$"},
    "8e03978e-40d5-43e8-bc93-6894a57f9324",
)

HEADERS = {
    "create": [IDEMPOTENCY_KEY],
    "read": [IF_NONE_MATCH],
    "replace": [IF_MATCH],
    "update": [IF_MATCH],
    "delete": [IF_MATCH],
}


def parameters(route: Route) -> list[dict[str, Any]]:
    """The parameters that the route takes."""
    found = [ITEM_ID] if route.operation.on_item else []
    if route.operation.name == "list":
        found += _list_parameters(route.collection)
    return found + HEADERS.get(route.operation.name, [])


def _list_parameters(collection: Collection) -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    cursor = {"type": "string", "format": CURSOR_FORMAT}
    order = {"type": "string", "enum": list(ORDERS), "default": ORDERS[0]}
    found = [
        _parameter("query", LIMIT, "How many items to return at most.", limit),
        _parameter("query", CURSOR, "Where to go on: the `next_cursor` of an earlier page.", cursor, EXAMPLE_CURSOR),
        _parameter("query", ORDER, "Which items come first, by their time of creation.", order),
        *(_filter(collection, name) for name in collection.filters),
    ]
    if name := collection.id_parameter:
        found.append(_parameter("query", name, "Only the item with this id, read consistently.", ID_SCHEMA, EXAMPLE_ID))
    return found


def _filter(collection: Collection, name: str) -> dict[str, Any]:
    schema = dict(model_schemas([collection])[collection.model.__name__]["properties"][name])
    for keyword in ("default", "description"):
        schema.pop(keyword, None)
    if schema.get("type") == "string" and "format" not in schema:
        schema["minLength"] = max(1, schema.get("minLength", 1))
    description = f"Only items whose {name} is this; one filter at a time."
    return _parameter("query", name, description, schema, collection.example.get(name))
