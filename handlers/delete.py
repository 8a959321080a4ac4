"""DELETE /{collection}/{id}."""

from http import HTTPStatus

from handlers.conditions import if_match
from handlers.function import Call, Function
from handlers.http import Response


def delete(call: Call) -> Response:
    """Deletes the item."""
    call.store.delete(call.item_id, revisions=if_match(call.request))
    return Response(status=HTTPStatus.NO_CONTENT)


handler = Function(delete)
