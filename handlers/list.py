"""GET /{collection}: the caller's items, a page at a time."""

import base64
import binascii
from collections.abc import Mapping
from http import HTTPStatus

from handlers.contract import FieldError
from handlers.function import Call, Function
from handlers.http import Response
from handlers.identifiers import is_id
from handlers.problems import BadRequest
from handlers.representation import representation

PARAMETERS = ("limit", "cursor", "order")
MAX_LIMIT = 100
DEFAULT_LIMIT = 20
ORDERS = ("newest", "oldest")


def list_items(call: Call) -> Response:
    """A page in the order of creation, newest first unless asked otherwise, and the cursor of the next one."""
    query = call.request.query
    if unknown := sorted(set(query) - set(PARAMETERS)):
        allowed = f"unknown; allowed are {', '.join(PARAMETERS)}"
        raise BadRequest("Unknown query parameters.", tuple(FieldError(name, allowed) for name in unknown))
    page = call.store.list(limit=_limit(query), after=_after(query), newest_first=_order(query) == "newest")
    document = {
        call.collection.name: [representation(item) for item in page.items],
        "next_cursor": encode_cursor(page.after) if page.after else None,
    }
    return Response(status=HTTPStatus.OK, document=document)


def encode_cursor(item_id: str) -> str:
    """The opaque cursor that continues after an id. It holds no owner: the caller's own partition is always used."""
    return base64.urlsafe_b64encode(item_id.encode()).decode().rstrip("=")


def _limit(query: Mapping[str, str]) -> int:
    given = query.get("limit", str(DEFAULT_LIMIT))
    if given.isascii() and given.isdigit() and len(given) <= len(str(MAX_LIMIT)) and 1 <= int(given) <= MAX_LIMIT:
        return int(given)
    raise _bad_parameter("limit", f"allowed is a whole number from 1 to {MAX_LIMIT}")


def _order(query: Mapping[str, str]) -> str:
    given = query.get("order", ORDERS[0])
    if given not in ORDERS:
        raise _bad_parameter("order", f"allowed are {', '.join(ORDERS)}")
    return given


def _after(query: Mapping[str, str]) -> str | None:
    if "cursor" not in query:
        return None
    given = query["cursor"]
    try:
        item_id = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        item_id = ""
    if not is_id(item_id) or encode_cursor(item_id) != given:
        raise _bad_parameter("cursor", "allowed is a next_cursor of an earlier page, unchanged")
    return item_id


def _bad_parameter(name: str, detail: str) -> BadRequest:
    return BadRequest(f"The query parameter {name} is not valid.", (FieldError(name, detail),))


handler = Function(list_items)
