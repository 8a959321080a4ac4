"""The parameters of each route, for both documents."""

from typing import Any

from handlers.contract import Collection, Route
from handlers.contract.collection import CURSOR, DEFAULT_LIMIT, LIMIT, MAX_LIMIT, ORDER, ORDERS
from handlers.contract.headers import RequestHeader
from handlers.contract.identifiers import Id
from infra.documents.response_schemas import CURSOR_FORMAT, EXAMPLE_CURSOR, EXAMPLE_ID
from infra.documents.schemas import field_schemas, type_schema


def parameters(route: Route) -> list[dict[str, Any]]:
    """Return the route's parameters."""
    item_id = _parameter("path", "id", "The item's id.", type_schema(Id), EXAMPLE_ID) | {"required": True}
    return [
        *([item_id] if route.operation.on_item else []),
        *(_query_parameter(route.collection, name) for name in route.query_parameters),
        *(_header_parameter(header) for header in route.operation.request_headers),
    ]


def _parameter(place: str, name: str, description: str, schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    found = {"name": name, "in": place, "description": description, "schema": schema}
    return found if example is None else found | {"example": example}


def _header_parameter(header: RequestHeader) -> dict[str, Any]:
    return _parameter("header", header.name, header.description, type_schema(header.type), header.example)


def _query_parameter(collection: Collection, name: str) -> dict[str, Any]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    cursor = {"type": "string", "format": CURSOR_FORMAT}
    order = {"type": "string", "enum": list(ORDERS), "default": ORDERS[0]}
    known: dict[str, tuple[Any, ...]] = {
        LIMIT: ("The maximum number of items to return.", limit),
        CURSOR: ("Where the page starts: the `next_cursor` of an earlier page.", cursor, EXAMPLE_CURSOR),
        ORDER: ("Which items come first, by their time of creation.", order),
        collection.id_parameter: ("Return only the item with this id, read consistently.", type_schema(Id), EXAMPLE_ID),
    }
    return _parameter("query", name, *known[name]) if name in known else _filter(collection, name)


def _filter(collection: Collection, name: str) -> dict[str, Any]:
    schema = {keyword: value for keyword, value in field_schemas(collection)[name].items() if keyword != "description"}
    if schema.get("type") == "string" and "format" not in schema:
        schema["minLength"] = max(1, schema.get("minLength", 1))
    description = f"Return only items with this {name}. Only one filter is allowed at a time."
    return _parameter("query", name, description, schema, collection.example.get(name))
