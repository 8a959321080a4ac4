"""GET /{collection}/{id}: read an item."""

from http import HTTPStatus

from handlers.conditions import is_current
from handlers.contract.entity_tags import entity_tag
from handlers.http import Response
from handlers.lambda_handler import Invocation, LambdaHandler
from handlers.representation import item_response


def read(invocation: Invocation) -> Response:
    """Return the item, or 304 if the client already has it."""
    item = invocation.store.read(invocation.item_id)
    if is_current(invocation.request, item["revision"]):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": entity_tag(item["revision"])})
    return item_response(item, invocation.route.operation.status)


handler = LambdaHandler("read", read)
