"""DELETE /{collection}/{id}: delete an item."""

from handlers.conditions import if_match
from handlers.http import Response
from handlers.lambda_handler import Invocation, LambdaHandler


def delete(invocation: Invocation) -> Response:
    """Delete the item."""
    invocation.store.delete(invocation.item_id, revisions=if_match(invocation.request))
    return Response(status=invocation.route.operation.status)


handler = LambdaHandler("delete", delete)
