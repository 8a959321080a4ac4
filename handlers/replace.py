"""PUT /{collection}/{id}: the whole item anew."""

from http import HTTPStatus

from handlers.conditions import if_match
from handlers.contract import validate
from handlers.function import Call, Function
from handlers.http import JSON, Response
from handlers.representation import item_response, plain


def replace(call: Call) -> Response:
    """Replaces every field a client may write; the item has to exist."""
    fields = plain(validate(call.request.json_object(JSON), call.collection.model))
    item = call.store.replace(call.item_id, fields, revisions=if_match(call.request))
    return item_response(item, HTTPStatus.OK)


handler = Function(replace)
