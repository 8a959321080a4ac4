"""POST /{collection}: a new item."""

from http import HTTPStatus

import msgspec

from handlers.contract import validate
from handlers.function import Call, Function
from handlers.http import JSON, Response
from handlers.identifiers import new_id
from handlers.representation import item_response


def create(call: Call) -> Response:
    """Makes an item under a new id and answers with it and where it is."""
    fields = validate(call.request.json_object(JSON), call.collection.model)
    item = call.store.create(new_id(), msgspec.to_builtins(fields))
    return item_response(item, HTTPStatus.CREATED, {"Location": location(call.request.path, item["id"])})


def location(path: str, item_id: str) -> str:
    """Where an item is, relative to the path that was called (RFC 9110 §10.2.2).

    So it is right under a stage's prefix, a custom domain's base path, or anything else in front of the API.
    """
    return f"{path.rpartition('/')[2]}/{item_id}".lstrip("/")


handler = Function(create)
