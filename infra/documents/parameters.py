"""The parameters of each route, for both documents."""

from typing import Any

from handlers.contract import Collection, Index, Route
from handlers.contract.collection import CURSOR, DEFAULT_LIMIT, LIMIT, MAX_LIMIT, ORDER, ORDERS
from handlers.contract.headers import RequestHeader
from handlers.contract.identifiers import Id
from handlers.contract.index import orders_of, range_parameters
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
    known: dict[str, tuple[Any, ...]] = {
        LIMIT: ("The maximum number of items to return.", limit),
        CURSOR: (
            "Where the page starts: the `next_cursor` of an earlier page of the same list.",
            cursor,
            EXAMPLE_CURSOR,
        ),
        ORDER: _order(collection),
        collection.id_parameter: ("Return only the item with this id, read consistently.", type_schema(Id), EXAMPLE_ID),
    }
    return _parameter("query", name, *known[name]) if name in known else _field_parameter(collection, name)


def _field_parameter(collection: Collection, name: str) -> dict[str, Any]:
    """Return the parameter of a filter, or of one end of a range."""
    field, description = name, f"Return only items with this {name}."
    for each in collection.range_fields:
        for end, words in zip(range_parameters(each), ("lowest", "highest"), strict=True):
            if name == end:
                field, description = each, f"The {words} {each} of the items to return, inclusive."
    described = field_schemas(collection)[field]
    schema = {keyword: value for keyword, value in described.items() if keyword != "description"}
    if isinstance(schema.get("type"), list):
        (schema["type"],) = (kind for kind in schema["type"] if kind != "null")
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    if schema.get("type") == "string" and "format" not in schema:
        schema["minLength"] = max(1, schema.get("minLength", 1))
    description += _combinations(collection)
    return _parameter("query", name, description, schema, collection.example.get(field))


def _order(collection: Collection) -> tuple[str, dict[str, Any]]:
    schema = {"type": "string", "enum": list(collection.orders)}
    if not collection.range_fields:
        return "Which items come first, by their time of creation.", schema | {"default": ORDERS[0]}
    fields = ", ".join(" or ".join(f"`{order}`" for order in orders_of(field)) for field in collection.range_fields)
    return (
        "Which items come first: by their time of creation, `newest` (the default) or `oldest`; or by a field, "
        f"ascending or descending: {fields}. A range is in order of its field, ascending by default."
    ), schema


def _combinations(collection: Collection) -> str:
    """Say which filters and ranges a list can have, where it can have more than one."""
    possible = [index.description for index in collection.indexes if index != Index()]
    return f" A list can be filtered by one of: {'; '.join(possible)}." if len(possible) > 1 else ""
