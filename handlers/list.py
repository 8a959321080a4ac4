"""GET /{collection}: list the caller's items, a page at a time."""

from handlers.contract import Collection
from handlers.contract.collection import CURSOR
from handlers.contract.identifiers import ID_REQUIREMENT, is_id
from handlers.cursor import decode_cursor, encode_cursor
from handlers.http import Response
from handlers.lambda_handler import Invocation, LambdaHandler
from handlers.list_parameters import Query, bad_parameter, limit_of, selection_of
from handlers.representation import representation
from handlers.selection import Selection
from handlers.store import Item, Page, Position


def list_items(invocation: Invocation) -> Response:
    """Return a page in the requested order and the next page's cursor; or the one item that is looked up by its id.

    With a filter or a range, and where clients choose ids, the page is read from an index, which is eventually
    consistent: it may miss the last writes. All other lists, and the look-up by id, are consistent.
    """
    query, collection, owner = invocation.request.query, invocation.route.collection, invocation.store.owner
    limit, selection = limit_of(query), selection_of(query, collection)
    after = _after(query, selection, owner)
    if collection.id_parameter in query:
        found = invocation.store.find(_item_id(query, collection))
        page = Page([item for item in found if _matches(item, selection, after)], None)
    else:
        page = invocation.store.list(selection, limit=limit, after=after)
    document = {
        collection.name: [representation(item) for item in page.items],
        "next_cursor": encode_cursor(page.after, selection, owner) if page.after else None,
    }
    return Response(status=invocation.route.operation.status, document=document)


def _after(query: Query, selection: Selection, owner: str) -> Position | None:
    if CURSOR not in query:
        return None
    position = decode_cursor(query[CURSOR], selection, owner)
    if position is None:
        raise bad_parameter(CURSOR, "must be the next_cursor of an earlier page of the same list")
    return position


def _item_id(query: Query, collection: Collection) -> str:
    item_id = query[collection.id_parameter]
    if not is_id(item_id):
        raise bad_parameter(collection.id_parameter, f"must be {ID_REQUIREMENT}")
    return item_id


def _matches(item: Item, selection: Selection, after: Position | None) -> bool:
    """Return whether an item that was looked up by its id matches the other query parameters too."""
    return selection.contains(item) and (after is None or _may_follow(item, selection, after))


def _may_follow(item: Item, selection: Selection, after: Position) -> bool:
    """Return whether the list may have an item after a position; items with equal sort values can be in any order."""
    sort_value = item[selection.order]
    if sort_value == after.sort_value:
        return item["id"] != after.item_id
    return (sort_value < after.sort_value) is selection.descending


handler = LambdaHandler("list", list_items)
