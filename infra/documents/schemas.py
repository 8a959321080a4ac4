"""JSON schemas of the collections' models."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from handlers.contract import Collection

REFERENCE = "#/components/schemas/{name}"

GATEWAY_KEYWORDS = frozenset({
    "$ref", "additionalProperties", "description", "enum", "items", "maxLength", "maximum", "minLength", "minimum",
    "pattern", "properties", "required", "type",
})  # fmt: skip
"""The JSON schema draft 4 keywords that API Gateway's models understand and these schemas use."""

DROPPED = frozenset({"title", "default", "examples", "format", "minItems", "maxItems"})
"""Keywords that add nothing to validation at the gateway: it warns of them or does not check them."""


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
    _, found = msgspec.json.schema_components([collection.model], ref_template=REFERENCE)
    if collection.client_ids:
        written = found[collection.model.__name__]
        chosen = {**ID_SCHEMA, "description": "The client's own choice; made by the API where there is none."}
        properties = {"id": chosen, **written["properties"]}
        found[body_schema_name(collection, new=True)] = {**written, "properties": properties}
    return found


def gateway_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as API Gateway takes it. Raises ValueError for a keyword it would ignore or refuse."""
    kept = {keyword: value for keyword, value in schema.items() if keyword not in DROPPED}
    if unknown := sorted(set(kept) - GATEWAY_KEYWORDS):
        allowed = ", ".join(sorted(GATEWAY_KEYWORDS))
        raise ValueError(f"API Gateway's models have no {', '.join(unknown)}; allowed are {allowed}")
    if "properties" in kept:
        kept["properties"] = {name: gateway_schema(each) for name, each in kept["properties"].items()}
    for keyword in ("items", "additionalProperties"):
        if isinstance(kept.get(keyword), Mapping):
            kept[keyword] = gateway_schema(kept[keyword])
    return kept
