"""JSON schemas of the collections' models: what clients may write, and what API Gateway takes of it."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from handlers.contract import Collection

REFERENCE = "#/components/schemas/{name}"

GATEWAY_KEYWORDS = frozenset({
    "$ref", "description", "enum", "items", "maxLength", "maximum", "minLength", "minimum", "pattern", "properties",
    "required", "type",
})  # fmt: skip
"""The JSON schema draft 4 keywords that API Gateway's models have and these schemas use."""

DROPPED = frozenset({"additionalProperties", "default", "examples", "format", "maxItems", "minItems", "title"})
"""Keywords that are left out: the gateway warns of them, and then the import fails, or does not check them.

AWS, "Amazon API Gateway important notes": models are JSON schema draft 4, without `additionalProperties`, `anyOf`,
`oneOf`, `discriminator`, `example`, `exclusiveMinimum`, `readOnly` and numeric formats; `minItems` and `maxItems` are
not validated. What the gateway lets through the handlers refuse, naming the field.
"""


ID_SCHEMA: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 128,
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9._~-]*$",
}


def model_schemas(collections: Iterable[Collection]) -> dict[str, Any]:
    """The schemas of what clients may write, by model name, as JSON schema 2020-12."""
    return {name: schema for collection in collections for name, schema in _schemas_of(collection).items()}


def body_schema_name(collection: Collection, *, new: bool) -> str:
    """The name of the schema of a whole body; a new item's differs where clients may choose its id."""
    return f"New{collection.model.__name__}" if new and collection.client_ids else collection.model.__name__


def _schemas_of(collection: Collection) -> dict[str, Any]:
    _, components = msgspec.json.schema_components([collection.model], ref_template=REFERENCE)
    found = {name: _with_numbers(schema) for name, schema in components.items()}
    if collection.client_ids:
        written = found[collection.model.__name__]
        chosen = {**ID_SCHEMA, "description": "The client's own choice; made by the API where there is none."}
        properties = {"id": chosen, **written["properties"]}
        name = body_schema_name(collection, new=True)
        found[name] = {**written, "title": name, "properties": properties}
    return found


def _with_numbers(schema: Any) -> Any:
    """A schema whose exact decimals are numbers, as the API takes and gives them; msgspec describes them as texts."""
    if isinstance(schema, list):
        return [_with_numbers(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    told = cast("dict[str, Any]", schema)
    if told.get("format") == "decimal":
        told = {**{name: value for name, value in told.items() if name != "format"}, "type": "number"}
    return {name: _with_numbers(value) for name, value in told.items()}


def gateway_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as API Gateway takes it. Raises ValueError for a keyword it would ignore or refuse."""
    kept = {keyword: value for keyword, value in schema.items() if keyword not in DROPPED}
    if unknown := sorted(set(kept) - GATEWAY_KEYWORDS):
        allowed = ", ".join(sorted(GATEWAY_KEYWORDS))
        raise ValueError(f"API Gateway's models have no {', '.join(unknown)}; allowed are {allowed}")
    if "properties" in kept:
        kept["properties"] = {name: gateway_schema(each) for name, each in kept["properties"].items()}
    if isinstance(kept.get("items"), Mapping):
        kept["items"] = gateway_schema(kept["items"])
    return kept
