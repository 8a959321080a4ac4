"""The schemas of merge patches (RFC 7396): every field is optional, also inside other objects, and null removes one.

Lists are replaced as a whole, so the objects in them are complete.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.contract import Collection
from infra.documents.schemas import REFERENCE, components

SUFFIX = "Patch"


def patch_schemas(collections: Iterable[Collection]) -> dict[str, Any]:
    """Return the schemas of the collections' patches, and of the objects inside them, by name."""
    found: dict[str, Any] = {}
    for each in collections:
        schemas = components([each.model])
        root = each.model.__name__
        for name, schema in schemas.items():
            if "properties" in schema:
                found[f"{name}{SUFFIX}"] = _patch(schema, schemas, is_inner=name != root)
    return found


def _patch(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, is_inner: bool) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        "type": ["object", "null"] if is_inner else "object",
        "description": "A JSON Merge Patch (RFC 7396): omitted fields stay as they are, null restores a default.",
        "properties": {
            name: _field(each, schemas, is_required=name in required) for name, each in schema["properties"].items()
        },
        "additionalProperties": False,
    }


def _field(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, is_required: bool) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    if "properties" in schemas.get(name, {}):
        return {"$ref": REFERENCE.format(name=f"{name}{SUFFIX}")}
    kept = {keyword: value for keyword, value in schema.items() if keyword != "default"}
    return kept if is_required else _nullable(kept)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that also accepts null, in the form that API Gateway supports where there is one."""
    if "null" in schema.get("type", ()) or None in schema.get("enum", ()):
        return schema
    kind = {"type": [schema["type"], "null"]} if isinstance(schema.get("type"), str) else {}
    if "enum" in schema:
        return {**schema, **kind, "enum": [*schema["enum"], None]}
    return {**schema, **kind} if kind else {"anyOf": [schema, {"type": "null"}]}
