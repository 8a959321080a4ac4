"""PUT /{collection}/{id}: replace every field of an item."""

from handlers.conditions import if_match
from handlers.http import Response
from handlers.lambda_handler import Invocation, LambdaHandler
from handlers.representation import item_response, validated


def replace(invocation: Invocation) -> Response:
    """Replace every field of an existing item that a client may write."""
    fields = validated(invocation.json_object(), invocation.route.body_model)
    item = invocation.store.replace(invocation.item_id, fields, revisions=if_match(invocation.request))
    return item_response(item, invocation.route.operation.status)


handler = LambdaHandler("replace", replace)
