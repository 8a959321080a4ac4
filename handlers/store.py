"""Items in DynamoDB: one table per collection; the partition key is the owner, the sort key the item's id."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers import clock, expiry
from handlers.attribute_values import deserialize_item, serialize, serialize_item
from handlers.contract import Collection, Index
from handlers.contract.keys import CREATED, EXPIRY, PARTITION_KEY, SORT_KEY
from handlers.contract.problem import ALREADY_EXISTS, NOT_FOUND
from handlers.database import ConditionFailed, Database
from handlers.errors import PreconditionFailed, ProblemError
from handlers.expressions import Expression, equalities, with_range
from handlers.index_attributes import index_attributes, partition_value
from handlers.selection import Selection

Item = dict[str, Any]
Items = list[Item]
Revisions = tuple[str, ...] | None

ID_IS_FREE = f"attribute_not_exists({SORT_KEY}) OR {expiry.IS_EXPIRED}"
"""The condition of a put. An expired item is replaced."""

QUERIES = 5
READ_AHEAD = 100
"""The most queries for one page, and how many items each reads after a first one that has found expired items.

Where more have expired, a page is short although there are more items.
"""


@dataclass(frozen=True)
class Position:
    """An item's position in a list: the value by which the list is sorted, and the id.

    Items with equal values are in no particular order in an index: DynamoDB defines none for equal sort keys. But every
    query has the same order, so the id says where it continues.
    """

    sort_value: Any
    item_id: str


@dataclass(frozen=True)
class Page:
    """Some of an owner's items, and the position after which the next page starts (None for the last page)."""

    items: Items
    after: Position | None


@dataclass(frozen=True)
class Store:
    """An owner's items: one partition of a collection's table. No method reads or writes another partition.

    Items expire `lifetime` seconds after they were last written. None is forever.
    """

    database: Database
    owner: str
    collection: Collection
    lifetime: int | None = None

    def read(self, item_id: str) -> Item:
        """Read an item consistently. Raises a 404 error."""
        found = self.database.call("get_item", Key=self._key(item_id), ConsistentRead=True)
        stored = deserialize_item(found.get("Item", {}))
        if not stored or expiry.is_expired(stored):
            raise _not_found(item_id)
        return self.item(stored)

    def find(self, item_id: str) -> Items:
        """Return the item, or nothing; read consistently, with the permission to query only."""
        found, _ = self._query(equalities({PARTITION_KEY: self.owner, SORT_KEY: item_id}), ConsistentRead=True)
        return _alive(found)

    def list(self, selection: Selection, *, limit: int, after: Position | None = None) -> Page:
        """Return a page of at most `limit` items. It reads exactly the items that it returns, unless some have expired.

        It reads an index, which is eventually consistent: it may miss the last writes. Only where the selection needs
        none, it reads the table, consistently.
        """
        items: Items = []
        for number in range(QUERIES):
            found, has_more = self._read_page(selection, READ_AHEAD if number else limit, after)
            items += _alive(found)
            after = _position(found, selection) if has_more else None
            if len(items) >= limit or not has_more:
                break
        if len(items) > limit:
            items = items[:limit]
            after = _position(items, selection)
        return Page(items, after)

    def new_item(self, item_id: str, fields: Mapping[str, Any], milliseconds: int) -> Item:
        """Return an item to store, created at a time in milliseconds since 1970."""
        now = clock.timestamp(milliseconds)
        written = {"updated_at": now, "revision": secrets.token_hex(8), **expiry.expiry(self.lifetime)}
        return {"id": item_id, **fields, CREATED: now, **written}

    def put(self, item: Item) -> dict[str, Any]:
        """Return the arguments of a put that stores a new item if its id is free."""
        return {
            "Item": serialize_item({PARTITION_KEY: self.owner, **self._attributes(item)}),
            "ConditionExpression": ID_IS_FREE,
            "ExpressionAttributeNames": expiry.NAMES,
            "ExpressionAttributeValues": expiry.values(),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def create(self, item: Item) -> Item:
        """Store a new item. Raises a 409 error if the id is taken."""
        try:
            self.database.call("put_item", **self.put(item))
        except ConditionFailed as failed:
            require_own(failed, item)
        return item

    def replace(self, item_id: str, fields: Mapping[str, Any], *, revisions: Revisions = None) -> Item:
        """Replace the item's fields and return it; only at one of `revisions`, if they are given.

        Raises a 404 error, or PreconditionFailed if the item is at another revision.
        """
        written = {"updated_at": clock.timestamp(clock.now()), "revision": secrets.token_hex(8)}
        changes = self._attributes({**fields, **written, **expiry.expiry(self.lifetime)})
        unused = {*self.collection.field_names, *self.collection.index_attributes, EXPIRY} - set(changes)
        removed = {f"#removed{number}": name for number, name in enumerate(sorted(unused))}
        clauses, names, values = equalities(changes)
        expression = f"SET {', '.join(clauses)}" + (f" REMOVE {', '.join(removed)}" if removed else "")
        arguments = {"UpdateExpression": expression, "ReturnValues": "ALL_NEW"}
        try:
            written = self._conditional("update_item", item_id, revisions, names | removed, values, **arguments)
        except ConditionFailed as failed:
            # An earlier attempt, whose response was lost, wrote the stored item.
            if failed.item and failed.item.get("revision") == changes["revision"]:
                return self.item(failed.item)
            raise _failure(failed, item_id) from None
        return self.item(deserialize_item(written["Attributes"]))

    def delete(self, item_id: str, *, revisions: Revisions = None) -> None:
        """Delete the item. Raises a 404 error, or PreconditionFailed if the item is at another revision."""
        try:
            self._conditional("delete_item", item_id, revisions, {}, {})
        except ConditionFailed as failed:
            # An earlier attempt, whose response was lost, may have deleted the item.
            if failed.item is None and failed.in_doubt:
                return
            raise _failure(failed, item_id) from None

    def item(self, stored: Mapping[str, Any]) -> Item:
        """Return a stored item without the attributes that only the table needs."""
        hidden = {PARTITION_KEY, *self.collection.index_attributes}
        nulls = dict.fromkeys(self.collection.nullable_fields)
        return nulls | {name: value for name, value in stored.items() if name not in hidden}

    def _read_page(self, selection: Selection, limit: int, after: Position | None) -> tuple[Items, bool]:
        """Return the next items of a selection, expired ones too, and whether there may be more."""
        index = selection.index
        key = {Index.of(selection.equal).partition_key: partition_value(self.owner, selection.equal)}
        return self._query(
            with_range(equalities(key), selection.order, selection.lowest, selection.highest),
            Limit=limit,
            ScanIndexForward=not selection.descending,
            **({"IndexName": index.name} if index else {"ConsistentRead": True}),
            **({"ExclusiveStartKey": self._start_key(key, selection, after)} if after else {}),
        )

    def _query(self, condition: Expression, **arguments: Any) -> tuple[Items, bool]:
        """Query the table, or the index in the arguments; return the items, and whether there may be more."""
        clauses, names, values = condition
        found = self.database.call(
            "query",
            KeyConditionExpression=" AND ".join(clauses),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            **arguments,
        )
        return [self.item(deserialize_item(each)) for each in found["Items"]], "LastEvaluatedKey" in found

    def _conditional(
        self, operation: str, item_id: str, revisions: Revisions, names: Item, values: Item, **arguments: str
    ) -> dict[str, Any]:
        """Write to an item that exists and has not expired, only at one of the revisions if there are any."""
        condition = f"attribute_exists(#id) AND {expiry.IS_ALIVE}"
        names, values = {**names, "#id": SORT_KEY, **expiry.NAMES}, {**values, **expiry.values()}
        if revisions is not None:
            allowed = {f":revision{index}": serialize(revision) for index, revision in enumerate(revisions)}
            condition += f" AND #revision IN ({', '.join(allowed)})"
            names, values = {**names, "#revision": "revision"}, {**values, **allowed}
        return self.database.call(
            operation,
            Key=self._key(item_id),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **arguments,
        )

    def _key(self, item_id: str) -> dict[str, Any]:
        return serialize_item({PARTITION_KEY: self.owner, SORT_KEY: item_id})

    def _start_key(self, key: Mapping[str, str], selection: Selection, after: Position) -> dict[str, Any]:
        """Return where a query continues: the table's keys, and those of the index as well (AWS, "Query")."""
        of_index = serialize_item({**key, selection.order: after.sort_value}) if selection.index else {}
        return self._key(after.item_id) | of_index

    def _attributes(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the attributes that store fields, with those of the indexes."""
        nulls = {name for name in self.collection.nullable_fields if fields.get(name) is None}
        stored = {name: value for name, value in fields.items() if name not in nulls}
        return stored | index_attributes(self.collection, self.owner, fields)


def require_own(failed: ConditionFailed, item: Item) -> None:
    """Raise a 409 error, unless an earlier attempt of the same call, whose response was lost, created the item."""
    if failed.item is None or failed.item.get("revision") != item["revision"]:
        raise ProblemError(ALREADY_EXISTS, f"The id {item['id']!r} is already taken.") from None


def _failure(failed: ConditionFailed, item_id: str) -> ProblemError:
    return PreconditionFailed() if failed.item and not expiry.is_expired(failed.item) else _not_found(item_id)


def _alive(items: Items) -> Items:
    return [item for item in items if not expiry.is_expired(item)]


def _position(items: Items, selection: Selection) -> Position:
    """Return the position of the last item."""
    return Position(items[-1][selection.order], items[-1][SORT_KEY])


def _not_found(item_id: str) -> ProblemError:
    return ProblemError(NOT_FOUND, f"The item {item_id!r} does not exist.")
