"""GET /{collection}: list the caller's items, a page at a time."""

from collections.abc import Mapping

import msgspec

from handlers.contract import Collection, FieldError, detail_of
from handlers.contract.collection import CURSOR, DEFAULT_LIMIT, LIMIT, MAX_LIMIT, ORDER, ORDERS
from handlers.contract.identifiers import ID_REQUIREMENT, is_id
from handlers.cursor import decode_cursor, encode_cursor
from handlers.errors import BadRequest
from handlers.http import Response
from handlers.lambda_handler import Invocation, LambdaHandler
from handlers.representation import representation
from handlers.store import Filter, Item, Page, Position


def list_items(invocation: Invocation) -> Response:
    """Return a page in order of creation and the next page's cursor; or the one item that is looked up by its id.

    With a filter, and where clients choose ids, the page is read from an index, which is eventually consistent: it may
    miss the last writes. All other lists, and the look-up by id, are consistent.
    """
    page = _page(invocation)
    document = {
        invocation.route.collection.name: [representation(item) for item in page.items],
        "next_cursor": encode_cursor(page.after) if page.after else None,
    }
    return Response(status=invocation.route.operation.status, document=document)


def _page(invocation: Invocation) -> Page:
    """Return the page that matches all query parameters."""
    query, collection = invocation.request.query, invocation.route.collection
    limit, after, newest_first = _limit(query), _after(query), _order(query) == ORDERS[0]
    filtered = _filter(query, collection)
    if collection.id_parameter in query:
        item_id = query[collection.id_parameter]
        if not is_id(item_id):
            raise bad_parameter(collection.id_parameter, f"must be {ID_REQUIREMENT}")
        found = invocation.store.find(item_id)
        return Page([item for item in found.items if _matches(item, after, newest_first, filtered)], None)
    return invocation.store.list(
        limit=limit, after=after, newest_first=newest_first, ids_in_order=not collection.client_ids, filtered=filtered
    )


def _matches(item: Item, after: Position | None, newest_first: bool, filtered: Filter | None) -> bool:
    """Return whether an item that was looked up by its id matches the other query parameters too."""
    if filtered and str(item.get(filtered.field)) != filtered.value:
        return False
    return after is None or _may_follow(Position.of(item), after, newest_first)


def _may_follow(position: Position, after: Position, newest_first: bool) -> bool:
    """Return whether a list may have a position after another one; any order within a millisecond is possible."""
    if position.created_at == after.created_at:
        return position.item_id != after.item_id
    return (position.created_at < after.created_at) is newest_first


def _filter(query: Mapping[str, str], collection: Collection) -> Filter | None:
    """Return the requested filter. Only one at a time is possible, because an index serves one field."""
    requested = [name for name in collection.filters if name in query]
    if not requested:
        return None
    if len(requested) > 1:
        raise bad_parameter(requested[1], f"must not be combined with {requested[0]}: one filter at a time")
    (name,) = requested
    (field,) = (each for each in msgspec.structs.fields(collection.model) if each.encode_name == name)
    try:
        value = str(msgspec.to_builtins(msgspec.convert(query[name], field.type, strict=False)))
    except msgspec.ValidationError as error:
        raise bad_parameter(name, detail_of(error, field.type)) from None
    if not value:
        raise bad_parameter(name, "must not be empty")
    return Filter(name, value)


def _limit(query: Mapping[str, str]) -> int:
    given = query.get(LIMIT, str(DEFAULT_LIMIT))
    if given.isascii() and given.isdigit() and len(given) <= len(str(MAX_LIMIT)) and 1 <= int(given) <= MAX_LIMIT:
        return int(given)
    raise bad_parameter(LIMIT, f"must be an integer from 1 to {MAX_LIMIT}")


def _order(query: Mapping[str, str]) -> str:
    given = query.get(ORDER, ORDERS[0])
    if given not in ORDERS:
        raise bad_parameter(ORDER, f"must be one of: {', '.join(ORDERS)}")
    return given


def _after(query: Mapping[str, str]) -> Position | None:
    if CURSOR not in query:
        return None
    position = decode_cursor(query[CURSOR])
    if position is None:
        raise bad_parameter(CURSOR, "must be the next_cursor of an earlier page")
    return position


def bad_parameter(name: str, detail: str) -> BadRequest:
    """Return the error for an invalid query parameter."""
    return BadRequest(f"The query parameter {name} is invalid.", (FieldError(name, detail),))


handler = LambdaHandler("list", list_items)
