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
