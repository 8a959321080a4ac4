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


def model_schemas(collections: Iterable[Collection]) -> dict[str, Any]:
    """The schemas of what clients may write, by model name, as JSON schema 2020-12."""
    _, components = msgspec.json.schema_components([each.model for each in collections], ref_template=REFERENCE)
    return components


def gateway_schema(schema: Any) -> Any:
    """A schema as API Gateway takes it. Raises ValueError for a keyword it would ignore or refuse."""
    if isinstance(schema, list):
        return [gateway_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {name: value for name, value in schema.items() if name not in DROPPED}
    if unknown := sorted(set(kept) - GATEWAY_KEYWORDS):
        raise ValueError(f"API Gateway's models have no {', '.join(unknown)}; allowed are {', '.join(sorted(GATEWAY_KEYWORDS))}")
    return {
        name: {key: gateway_schema(value) for key, value in value.items()} if name == "properties" else gateway_schema(value)
        for name, value in kept.items()
    }
