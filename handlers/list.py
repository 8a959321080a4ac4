"""GET /{collection}: the caller's items, a page at a time."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from handlers.contract import Collection, FieldError, detail_of
from handlers.contract.listing import CURSOR, DEFAULT_LIMIT, LIMIT, MAX_LIMIT, ORDER, ORDERS
from handlers.cursor import decode_cursor, encode_cursor
from handlers.function import Call, Function
from handlers.http import Response
from handlers.identifiers import ID_FORM, is_id
from handlers.problems import BadRequest
from handlers.representation import representation
from handlers.store import Filter, Item, Page, Position


def list_items(call: Call) -> Response:
    """A page in order of creation, and the cursor of the next one; or the one item that is looked up by its id.

    With a filter, and in a collection whose ids clients choose, the page is read from an index and eventually
    consistent: it may miss the last writes. A look-up by id and all other lists are consistent.
    """
    page = _page(call)
    document = {
        call.collection.name: [representation(item) for item in page.items],
        "next_cursor": encode_cursor(page.after) if page.after else None,
    }
    return Response(status=HTTPStatus.OK, document=document)


def _page(call: Call) -> Page:
    """The page that all parameters together ask for."""
    query, collection = call.request.query, call.collection
    limit, after, newest_first = _limit(query), _after(query), _order(query) == "newest"
    filtered = _filter(query, collection)
    if collection.id_parameter in query:
        found = call.store.find(_looked_up(query, collection.id_parameter))
        return Page([item for item in found.items if _is_wanted(item, after, newest_first, filtered)], None)
    return call.store.list(
        limit=limit,
        after=after,
        newest_first=newest_first,
        ids_in_order=not collection.client_ids,
        filtered=filtered,
    )


def _looked_up(query: Mapping[str, str], name: str) -> str:
    if not is_id(query[name]):
        raise bad_parameter(name, ID_FORM)
    return query[name]


def _is_wanted(item: Item, after: Position | None, newest_first: bool, filtered: Filter | None) -> bool:
    """Whether an item that was looked up by its id is also what the other parameters ask for."""
    if filtered and str(item.get(filtered.field)) != filtered.value:
        return False
    return after is None or (Position.of(item) < after if newest_first else Position.of(item) > after)


def _filter(query: Mapping[str, str], collection: Collection) -> Filter | None:
    """The equality filter that is asked for. One at a time: an index serves one field."""
    asked = [name for name in collection.filters if name in query]
    if not asked:
        return None
    if len(asked) > 1:
        raise bad_parameter(asked[1], f"not together with {asked[0]}: one filter at a time")
    (name,) = asked
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
    raise bad_parameter(LIMIT, f"allowed is a whole number from 1 to {MAX_LIMIT}")


def _order(query: Mapping[str, str]) -> str:
    given = query.get(ORDER, ORDERS[0])
    if given not in ORDERS:
        raise bad_parameter(ORDER, f"allowed are {', '.join(ORDERS)}")
    return given


def _after(query: Mapping[str, str]) -> Position | None:
    if CURSOR not in query:
        return None
    position = decode_cursor(query[CURSOR])
    if position is None:
        raise bad_parameter(CURSOR, "allowed is a next_cursor of an earlier page, unchanged")
    return position


def bad_parameter(name: str, detail: str) -> BadRequest:
    """What refuses a query parameter."""
    return BadRequest(f"The query parameter {name} is not valid.", (FieldError(name, detail),))


handler = Function(list_items, lambda collection: collection.list_parameters)
