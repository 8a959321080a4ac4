"""JSON schemas of request bodies, for the OpenAPI document and for API Gateway's models."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from handlers.contract import Collection

REFERENCE = "#/components/schemas/{name}"

GATEWAY_KEYWORDS = frozenset({
    "$ref", "description", "enum", "items", "maxLength", "maximum", "minLength", "minimum", "pattern", "properties",
    "required", "type",
})  # fmt: skip
"""The keywords of JSON schema draft 4 that API Gateway's models support and these schemas use."""

DROPPED = frozenset({"additionalProperties", "default", "examples", "format", "maxItems", "minItems", "title"})
"""The keywords that are left out of API Gateway's models: it warns about them, which fails the import, or ignores them.

AWS, "Amazon API Gateway important notes": models are JSON schema draft 4, without `additionalProperties`, `anyOf`,
`oneOf`, `discriminator`, `example`, `exclusiveMinimum`, `readOnly` and numeric formats; `minItems` and `maxItems` are
not validated. The handlers check these, and name the invalid field.
"""


def model_schemas(collections: Iterable[Collection]) -> dict[str, Any]:
    """Return the schemas of whole request bodies by model name, as JSON schema 2020-12.

    Defaults are in the descriptions: generators of TypeScript types make a field with a `default` a required one.
    """
    return {
        name: {**schema, "properties": {field: _describe_default(each) for field, each in fields.items()}}
        for collection in collections
        for name, schema in components([collection.model, collection.new_model]).items()
        for fields in [schema.get("properties", {})]
    }


def field_schemas(collection: Collection) -> dict[str, Any]:
    """Return the schemas of the fields that clients write, without their defaults."""
    fields = components([collection.model])[collection.model.__name__]["properties"]
    return {name: {key: each[key] for key in each if key != "default"} for name, each in fields.items()}


def type_schema(kind: Any) -> dict[str, Any]:
    """Return the schema of a type that contains no structs."""
    return _portable(msgspec.json.schema(kind))


def gateway_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema as an API Gateway model. Raises ValueError for a keyword that API Gateway does not support."""
    kept = {keyword: value for keyword, value in schema.items() if keyword not in DROPPED}
    if unknown := sorted(set(kept) - GATEWAY_KEYWORDS):
        allowed = ", ".join(sorted(GATEWAY_KEYWORDS))
        raise ValueError(f"API Gateway's models do not support {', '.join(unknown)}; supported: {allowed}")
    if "properties" in kept:
        kept["properties"] = {name: gateway_schema(each) for name, each in kept["properties"].items()}
    if isinstance(kept.get("items"), Mapping):
        kept["items"] = gateway_schema(kept["items"])
    return kept


def components(models: list[Any]) -> dict[str, Any]:
    """Return the schemas of models, and of the structs inside them, by name."""
    _, found = msgspec.json.schema_components(models, ref_template=REFERENCE)
    return {name: _portable(schema) for name, schema in found.items()}


def _portable(schema: Any) -> Any:
    """Return a schema with the pattern syntax of ECMAScript, and with decimals as numbers, which the API uses."""
    if isinstance(schema, list):
        return [_portable(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, Mapping):
        return schema
    found = {keyword: _portable(value) for keyword, value in cast("Mapping[str, Any]", schema).items()}
    if found.get("format") == "decimal":
        found = {"type": "number", **{key: value for key, value in found.items() if key not in ("format", "type")}}
    if isinstance(found.get("pattern"), str):
        found["pattern"] = found["pattern"].replace(r"\Z", "$")
    return _with_null_as_type(found)


def _with_null_as_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of a value or null in the form that API Gateway supports, where there is one."""
    match schema:
        case {"anyOf": [{"type": str(kind), **limits}, {"type": "null"}], **rest}:
            return {**limits, **rest, "type": [kind, "null"]}
        case {"anyOf": [{"enum": values}, {"type": "null"}], **rest}:
            return {**rest, "enum": [*values, None]}
        case _:
            return schema


def _describe_default(schema: dict[str, Any]) -> dict[str, Any]:
    if "default" not in schema:
        return schema
    kept = {keyword: value for keyword, value in schema.items() if keyword != "default"}
    return {**kept, "description": f"{schema.get('description', '')} Default: {json.dumps(schema['default'])}.".strip()}
