"""PUT /{collection}/{id}: the whole item anew."""

from http import HTTPStatus

import msgspec

from handlers.contract import validate
from handlers.function import Call, Function
from handlers.http import JSON, Response
from handlers.representation import item_response


def replace(call: Call) -> Response:
    """Replaces every field a client may write; the item has to exist."""
    fields = validate(call.request.json_object(JSON), call.collection.model)
    return item_response(call.store.replace(call.item_id, msgspec.to_builtins(fields)), HTTPStatus.OK)


handler = Function(replace)
