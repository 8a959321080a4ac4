"""PATCH /{collection}/{id}: some fields of an item, by JSON Merge Patch (RFC 7396)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import msgspec

from handlers.contract import validate
from handlers.function import Call, Function
from handlers.http import JSON, Response
from handlers.problems import PreconditionFailed, Unavailable
from handlers.representation import item_response, written_fields
from handlers.store import Item

MERGE_PATCH = "application/merge-patch+json"
ATTEMPTS = 5


def update(call: Call) -> Response:
    """Merges the patch into the item as it is now; what another writer changes meanwhile is merged anew, not lost."""
    patch = call.request.json_object(MERGE_PATCH, JSON)
    for _ in range(ATTEMPTS):
        try:
            return item_response(_merge(call, patch), HTTPStatus.OK)
        except PreconditionFailed:
            continue
    raise Unavailable("Too many others are changing the item.")


def _merge(call: Call, patch: Mapping[str, Any]) -> Item:
    item = call.store.read(call.item_id)
    merged = merge_patch(written_fields(item, call.collection), patch)
    fields = validate(merged, call.collection.model)
    return call.store.replace(call.item_id, msgspec.to_builtins(fields), revision=item["revision"])


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396 §2: null removes a member, objects merge, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(cast("dict[str, Any]", target)) if isinstance(target, dict) else {}
    for name, value in cast("dict[str, Any]", patch).items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


handler = Function(update)
