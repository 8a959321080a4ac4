"""PATCH /{collection}/{id}: some fields of an item, by JSON Merge Patch (RFC 7396)."""

import random
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from handlers.conditions import if_match
from handlers.contract import validate
from handlers.function import Call, Function
from handlers.http import JSON, Response
from handlers.problems import PreconditionFailed, Unavailable
from handlers.representation import item_response, plain, written_fields
from handlers.store import Item

MERGE_PATCH = "application/merge-patch+json"
ATTEMPTS = 20
PAUSE = 0.05
"""How long to wait at most before what another writer changed is merged anew, in seconds."""


def update(call: Call) -> Response:
    """Merges the patch into the item as it is now; what another writer changes meanwhile is merged anew, not lost."""
    patch = call.request.json_object(MERGE_PATCH, JSON)
    allowed = if_match(call.request)
    for _ in range(ATTEMPTS):
        try:
            return item_response(_merge(call, patch, allowed), HTTPStatus.OK)
        except _Overtaken:
            time.sleep(random.uniform(0, PAUSE))  # noqa: S311  jitter, no secret
    raise Unavailable("Too many others are changing the item.")


class _Overtaken(Exception):
    """Another writer changed the item between reading and writing it."""


def _merge(call: Call, patch: Mapping[str, Any], allowed: tuple[str, ...] | None) -> Item:
    item = call.store.read(call.item_id)
    merged = merge_patch(written_fields(item, call.collection), patch)
    fields = plain(validate(merged, call.collection.model))
    if allowed is not None and item["revision"] not in allowed:
        raise PreconditionFailed(f"The item {call.item_id!r} has changed.")
    try:
        return call.store.replace(call.item_id, fields, revisions=(item["revision"],))
    except PreconditionFailed:
        if allowed is not None:
            raise
        raise _Overtaken from None


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
