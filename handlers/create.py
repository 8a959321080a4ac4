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
    location = f"{call.request.path.rstrip('/')}/{item['id']}"
    return item_response(item, HTTPStatus.CREATED, {"Location": location})


handler = Function(create)
