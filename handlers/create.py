"""POST /{collection}: create an item."""

import secrets
import uuid

from handlers import clock
from handlers.http import Response
from handlers.idempotency import create_once, idempotency_key
from handlers.lambda_handler import Invocation, LambdaHandler
from handlers.representation import item_response, validated


def create(invocation: Invocation) -> Response:
    """Create an item with a new id, or with the one that the client chose, and return it with its location."""
    fields = validated(invocation.json_object(), invocation.route.body_model)
    # One time for both the id and `created_at`: the order of new ids is the order of creation.
    now = clock.now()
    item = invocation.store.new_item(fields.pop("id", None) or new_id(now), fields, now)
    request = invocation.request
    key = idempotency_key(request)
    if key is None:
        item = invocation.store.create(item)
    else:
        item = create_once(invocation.store, item, caller=invocation.caller.owner, key=key, body=request.body)
    return item_response(item, invocation.route.operation.status, {"Location": location(request.path, item["id"])})


def new_id(milliseconds: int) -> str:
    """Return a UUIDv7 (RFC 9562 §5.7) of a time in milliseconds since 1970. Ids sort by their time."""
    time = milliseconds & (1 << 48) - 1
    bits = time << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))


def location(path: str, item_id: str) -> str:
    """Return where an item is, relative to the requested path (RFC 9110 §10.2.2).

    A relative location is correct under a stage's prefix, a custom domain's base path, or any proxy.
    """
    return f"{path.rpartition('/')[2]}/{item_id}".lstrip("/")


handler = LambdaHandler("create", create)
