"""The parameters of each route, for both documents."""

from typing import Any

from handlers.contract import Collection, Route
from handlers.contract.listing import CURSOR, DEFAULT_LIMIT, LIMIT, MAX_LIMIT, ORDER, ORDERS
from infra.documents.schemas import ID_SCHEMA, model_schemas

TAGS_SCHEMA = {"type": "string"}


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema}


ITEM_ID: dict[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The item's id.",
    "schema": ID_SCHEMA,
}

IF_MATCH = _header("If-Match", "Only where the item's entity tag is one of these (RFC 9110 §13.1.1).", TAGS_SCHEMA)
IF_NONE_MATCH = _header("If-None-Match", "Only where the item's entity tag is none of these.", TAGS_SCHEMA)
IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    "The same key and body give the same answer and one item, for 24 hours.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]+$"},
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
    order = {"type": "string", "enum": list(ORDERS), "default": ORDERS[0]}
    found = [
        _query(LIMIT, "How many items to return at most.", limit),
        _query(CURSOR, "Where to go on: the `next_cursor` of an earlier page.", {"type": "string"}),
        _query(ORDER, "Which items come first.", order),
        *(_filter(collection, name) for name in collection.filters),
    ]
    if collection.id_parameter:
        found.append(_query(collection.id_parameter, "Only the item with this id, by itself.", ID_SCHEMA))
    return found


def _filter(collection: Collection, name: str) -> dict[str, Any]:
    schema = dict(model_schemas([collection])[collection.model.__name__]["properties"][name])
    for keyword in ("default", "description"):
        schema.pop(keyword, None)
    if schema.get("type") == "string" and "format" not in schema:
        schema["minLength"] = max(1, schema.get("minLength", 1))
    return _query(name, f"Only items whose {name} is this; one filter at a time.", schema)
