"""GET /{collection}/{id}: one item."""

from http import HTTPStatus

from handlers.function import Call, Function
from handlers.http import Response
from handlers.representation import item_response


def read(call: Call) -> Response:
    """Answers with the item."""
    return item_response(call.store.read(call.item_id), HTTPStatus.OK)


handler = Function(read)
