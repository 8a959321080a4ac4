"""DELETE /{collection}/{id}."""

from http import HTTPStatus

from handlers.function import Call, Function
from handlers.http import Response


def delete(call: Call) -> Response:
    """Deletes the item."""
    call.store.delete(call.item_id)
    return Response(status=HTTPStatus.NO_CONTENT)


handler = Function(delete)
