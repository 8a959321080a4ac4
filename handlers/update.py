"""PATCH /{collection}/{id}: change some fields of an item with a JSON Merge Patch (RFC 7396)."""

import random
import time
from collections.abc import Mapping
from typing import Any, cast

from handlers.conditions import if_match
from handlers.contract.problem import UNAVAILABLE
from handlers.errors import PreconditionFailed, ProblemError
from handlers.http import Response
from handlers.lambda_handler import Invocation, LambdaHandler
from handlers.representation import item_response, validated
from handlers.store import Item

ATTEMPTS = 20
PAUSE = 0.05
"""The longest wait before the next attempt, in seconds."""


def update(invocation: Invocation) -> Response:
    """Merge the patch into the current item. After a concurrent write the patch is merged again, so nothing is lost."""
    patch = invocation.json_object()
    allowed = if_match(invocation.request)
    for _ in range(ATTEMPTS):
        try:
            return item_response(_merge(invocation, patch, allowed), invocation.route.operation.status)
        except PreconditionFailed:
            if allowed is not None:
                raise
            time.sleep(random.uniform(0, PAUSE))  # noqa: S311  jitter, no secret
    raise ProblemError(UNAVAILABLE, "Too many concurrent requests change the item.")


def _merge(invocation: Invocation, patch: Mapping[str, Any], allowed: tuple[str, ...] | None) -> Item:
    item = invocation.store.read(invocation.item_id)
    written = {name: item[name] for name in invocation.route.collection.field_names if name in item}
    fields = validated(merge_patch(written, patch), invocation.route.body_model)
    if allowed is not None and item["revision"] not in allowed:
        raise PreconditionFailed
    return invocation.store.replace(invocation.item_id, fields, revisions=(item["revision"],))


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a patch (RFC 7396 §2): null removes a member, objects are merged, any other value replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(cast("dict[str, Any]", target)) if isinstance(target, dict) else {}
    for name, value in cast("dict[str, Any]", patch).items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


handler = LambdaHandler("update", update)
