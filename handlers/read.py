"""GET /{collection}/{id}: one item."""

from http import HTTPStatus

from handlers.conditions import is_current
from handlers.function import Call, Function
from handlers.http import Response
from handlers.representation import etag, item_response


def read(call: Call) -> Response:
    """Answers with the item, or with 304 where the client has it already."""
    item = call.store.read(call.item_id)
    if is_current(call.request, item["revision"]):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag(item)})
    return item_response(item, HTTPStatus.OK)


handler = Function(read)
