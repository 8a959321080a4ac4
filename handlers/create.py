"""POST /{collection}: a new item."""

from http import HTTPStatus
from typing import Any

from handlers import clock
from handlers.contract import FieldError, validate
from handlers.function import Call, Function
from handlers.http import JSON, Response
from handlers.idempotency import create_once, idempotency_key
from handlers.identifiers import ID_FORM, is_id, new_id
from handlers.problems import BadRequest
from handlers.representation import item_response, plain


def create(call: Call) -> Response:
    """Makes an item under a new id, or under the one that the client chose, and answers with it and where it is."""
    body = call.request.json_object(JSON)
    # One time for both: in the order of new ids and in that of creation, a list is the same.
    now = clock.now()
    item_id = chosen_id(body) if call.collection.client_ids and "id" in body else new_id(now)
    item = call.store.new_item(item_id, plain(validate(body, call.collection.model)), now)
    key = idempotency_key(call.request)
    if key is None:
        made = call.store.create(item)
    else:
        made = create_once(call.store, item, caller=call.caller.owner, key=key, body=call.request.body)
    return item_response(made, HTTPStatus.CREATED, {"Location": location(call.request.path, made["id"])})


def chosen_id(body: dict[str, Any]) -> str:
    """Takes the client's id out of the body. Raises BadRequest where it cannot be one."""
    given = body.pop("id")
    if not isinstance(given, str) or not is_id(given):
        raise BadRequest("The request does not fit the schema.", (FieldError("id", ID_FORM),))
    return given


def location(path: str, item_id: str) -> str:
    """Where an item is, relative to the path that was called (RFC 9110 §10.2.2).

    So it is right under a stage's prefix, a custom domain's base path, or anything else in front of the API.
    """
    return f"{path.rpartition('/')[2]}/{item_id}".lstrip("/")


handler = Function(create)
