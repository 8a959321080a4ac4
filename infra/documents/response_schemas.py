"""The schemas of responses (stored items, pages and problems), and of merge patches."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from handlers.contract import Collection
from handlers.contract.identifiers import Id
from infra.documents.patch_schemas import patch_schemas
from infra.documents.schemas import REFERENCE, field_schemas, type_schema

EXAMPLE_ID = "01a1f97f-08f1-7b5a-abae-f739da7cf322"
EXAMPLE_TIME = "2026-06-15T09:30:00.000Z"
EXAMPLE_CURSOR = "YOfoamxcr2rFMDFhMWY5N2YtMDhmMS03YjVhLWFiYWUtZjczOWRhN2NmMzIyIDIwMjYtMDYtMTVUMDk6MzA6MDAuMDAwWg"

CURSOR_FORMAT = "cursor"
"""The format of a cursor. Its schema has no pattern, because cursors are opaque."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", **more, "description": description}


def _object(description: str, properties: dict[str, Any], *, required: Iterable[str], **more: Any) -> dict[str, Any]:
    names = list(required)
    return {"type": "object", "description": description, "required": names, "properties": properties, **more}


SERVER_FIELDS: dict[str, Any] = {
    "id": {**type_schema(Id), "description": "The item's id, unique among the owner's items of the collection."},
    "created_at": _text("When the item was created, in UTC.", format="date-time"),
    "updated_at": _text("When the item was last changed, in UTC.", format="date-time"),
}

FIELD_ERROR = _object(
    "An invalid field, parameter or header.",
    {
        "field": _text("Its name, such as `name` or, inside other fields, `a.b[0]`; empty for the whole body."),
        "detail": _text("What is required: `must not be empty`."),
    },
    required=("field", "detail"),
)

STATUS = "The response's status. Missing only where API Gateway sends its fallback for a rare error."
PROBLEM = _object(
    "Problem details (RFC 9457).",
    {
        "type": _text("A URN that identifies the kind of problem.", format="uri"),
        "title": _text("The name of the status."),
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": STATUS},
        "detail": _text("What is wrong, for the client's developer."),
        "request_id": _text("The request's id, which is also in the logs."),
        "scope": _text("On 403: the token's scopes."),
        "errors": {
            "type": "array",
            "description": "On 400: every invalid field, parameter or header.",
            "items": {"$ref": REFERENCE.format(name="FieldError")},
        },
    },
    required=("type", "title", "detail", "request_id"),
)


def response_schemas(collections: Sequence[Collection]) -> dict[str, Any]:
    """Return the schemas of responses and of patches by name."""
    found: dict[str, Any] = {"FieldError": FIELD_ERROR, "Problem": PROBLEM}
    for each in collections:
        model = each.model.__name__
        found |= {f"Stored{model}": _stored(each), f"{model}Page": _page(each)}
    return found | patch_schemas(collections)


def stored_example(collection: Collection) -> dict[str, Any]:
    """Return an example of an item in a response, with decimals as numbers, as handlers write them."""
    fields = msgspec.json.decode(_ENCODER.encode(msgspec.convert(collection.example, collection.model)))
    return {"id": EXAMPLE_ID, **fields, "created_at": EXAMPLE_TIME, "updated_at": EXAMPLE_TIME}


def _stored(collection: Collection) -> dict[str, Any]:
    """Return the schema of an item: the fields that clients write and those that the API sets, all present."""
    properties = {"id": SERVER_FIELDS["id"], **field_schemas(collection), **SERVER_FIELDS}
    description = f"One of the stored {collection.name}."
    return _object(description, properties, required=properties, additionalProperties=False)


def _page(collection: Collection) -> dict[str, Any]:
    items = {"$ref": REFERENCE.format(name=f"Stored{collection.model.__name__}")}
    cursor = {
        "type": ["string", "null"],
        "format": CURSOR_FORMAT,
        "description": "The `cursor` parameter for the next page; null on the last page.",
    }
    properties = {collection.name: {"type": "array", "items": items}, "next_cursor": cursor}
    description = f"Some of the owner's {collection.name}."
    return _object(description, properties, required=properties, additionalProperties=False)
