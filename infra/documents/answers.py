"""The schemas of what the API answers with: stored items, pages of them, and problems; and of merge patches."""

from collections.abc import Sequence
from typing import Any

from handlers.contract import Collection
from infra.documents.schemas import ID_SCHEMA, REFERENCE, model_schemas

EXAMPLE_ID = "01a1f97f-08f1-7b5a-abae-f739da7cf322"
EXAMPLE_TIME = "2026-06-15T09:30:00.000Z"
EXAMPLE_CURSOR = "MjAyNi0wNi0xNVQwOTozMDowMC4wMDBaIDAxYTFmOTdmLTA4ZjEtN2I1YS1hYmFlLWY3MzlkYTdjZjMyMg"

CURSOR_FORMAT = "cursor"
"""The format of a cursor. It is opaque: what it looks like is no promise."""

TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
SERVER_FIELDS: dict[str, Any] = {
    "id": {**ID_SCHEMA, "description": "Names the item, unique among the caller's own."},
    "created_at": {**TIME, "description": "When the item was created, in UTC."},
    "updated_at": {**TIME, "description": "When the item was last written, in UTC."},
}

FIELD_ERROR: dict[str, Any] = {
    "type": "object",
    "description": "One mistake of the request.",
    "required": ["field", "detail"],
    "properties": {
        "field": {
            "type": "string",
            "description": "The field, parameter or header at fault, `a.b[0]` inside of others; empty for the whole.",
        },
        "detail": {"type": "string", "description": "What is wrong, or what is allowed."},
    },
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "A URN that names the kind of problem."},
        "title": {"type": "string", "description": "The kind of problem, for people."},
        "status": {
            "type": "integer",
            "minimum": 400,
            "maximum": 599,
            "description": "The response's status. Missing only where API Gateway sends its fallback for a rare error.",
        },
        "detail": {"type": "string", "description": "What was wrong this time, for the client's developer."},
        "request_id": {"type": "string", "description": "The request's id, also in the logs."},
        "scope": {"type": "string", "description": "On 403: the scopes that the token has."},
        "errors": {
            "type": "array",
            "description": "On 400: every mistake that was found.",
            "items": {"$ref": REFERENCE.format(name="FieldError")},
        },
    },
}

TOO_LONG: dict[str, Any] = {
    "type": "object",
    "description": "API Gateway's own response to a request above its limit of 10 MB. It cannot be made a problem.",
    "required": ["message"],
    "properties": {"message": {"type": "string"}},
}


def answer_schemas(collections: Sequence[Collection]) -> dict[str, Any]:
    """Every schema of an answer, and of a patch, by its name."""
    found: dict[str, Any] = {"FieldError": FIELD_ERROR, "Problem": PROBLEM, "TooLong": TOO_LONG}
    for each in collections:
        model = each.model.__name__
        found[f"Stored{model}"] = _stored(each)
        found[f"{model}Page"] = _page(each)
        found[f"{model}Patch"] = _patch(each)
    return found


def stored_example(collection: Collection) -> dict[str, Any]:
    """An item as the API answers with it."""
    fields = {**_defaults(collection), **collection.example}
    return {"id": EXAMPLE_ID, **fields, "created_at": EXAMPLE_TIME, "updated_at": EXAMPLE_TIME}


def _stored(collection: Collection) -> dict[str, Any]:
    """What the client wrote and what the API adds, all of it always there and nothing else."""
    written = {name: _without_default(each) for name, each in _properties(collection).items()}
    properties = {"id": SERVER_FIELDS["id"], **written, **SERVER_FIELDS}
    return {
        "type": "object",
        "description": f"What the API answers of {collection.name}.",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _page(collection: Collection) -> dict[str, Any]:
    items = {"$ref": REFERENCE.format(name=f"Stored{collection.model.__name__}")}
    cursor = {
        "type": ["string", "null"],
        "format": CURSOR_FORMAT,
        "description": "What to send as `cursor` for the next page; null where there is none.",
    }
    return {
        "type": "object",
        "description": f"Some of the caller's {collection.name}.",
        "required": [collection.name, "next_cursor"],
        "properties": {collection.name: {"type": "array", "items": items}, "next_cursor": cursor},
        "additionalProperties": False,
    }


def _patch(collection: Collection) -> dict[str, Any]:
    """A merge patch of the model (RFC 7396): any of its fields; null puts a field's default back."""
    written = model_schemas([collection])[collection.model.__name__]
    required = written.get("required", [])
    properties = {
        name: _without_default(each) if name in required else _or_null(_without_default(each))
        for name, each in written["properties"].items()
    }
    return {
        "type": "object",
        "description": f"{written['description']} Fields that are left out stay, null puts a default back (RFC 7396).",
        "properties": properties,
        "additionalProperties": False,
    }


def _properties(collection: Collection) -> dict[str, Any]:
    return model_schemas([collection])[collection.model.__name__]["properties"]


def _defaults(collection: Collection) -> dict[str, Any]:
    return {name: each["default"] for name, each in _properties(collection).items() if "default" in each}


def _without_default(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field that is not filled in where it is missing."""
    return {keyword: value for keyword, value in schema.items() if keyword != "default"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
