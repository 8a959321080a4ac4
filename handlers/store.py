"""Items in DynamoDB: one table per collection; the partition key is the owner, the sort key the item's id."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers import clock
from handlers.attribute_values import deserialize_item, serialize, serialize_item
from handlers.contract.keys import CREATED, CREATION_INDEX, PARTITION_KEY, SORT_KEY, index_name
from handlers.contract.problem import ALREADY_EXISTS, NOT_FOUND
from handlers.database import ConditionFailed, Database
from handlers.errors import PreconditionFailed, ProblemError

Item = dict[str, Any]
Revisions = tuple[str, ...] | None

ID_IS_FREE = f"attribute_not_exists({SORT_KEY})"


@dataclass(frozen=True)
class Position:
    """An item's position in a list: lists are in order of creation, to the millisecond.

    Items of one millisecond are in no particular order in an index: DynamoDB defines none for equal sort keys. But
    every query has the same order, so the id says where it continues.
    """

    created_at: str
    item_id: str

    @classmethod
    def of(cls, item: Item) -> "Position":
        """Return the position of an item."""
        return cls(item[CREATED], item[SORT_KEY])


@dataclass(frozen=True)
class Page:
    """Some of an owner's items, and the position after which the next page starts (None for the last page)."""

    items: list[Item]
    after: Position | None


@dataclass(frozen=True)
class Filter:
    """Selects the items whose field has this value, from the field's index."""

    field: str
    value: str

    @property
    def index(self) -> str:
        """The name of the index and of its key attribute."""
        return index_name(self.field)


@dataclass(frozen=True)
class Store:
    """An owner's items: one partition of one table. No method reads or writes another partition.

    `filters` are the fields that have an index.
    """

    database: Database
    owner: str
    filters: tuple[str, ...] = ()

    def read(self, item_id: str) -> Item:
        """Read an item consistently. Raises a 404 error."""
        found = self.database.call("get_item", Key=self._key(item_id), ConsistentRead=True)
        if "Item" not in found:
            raise _not_found(item_id)
        return self.item(deserialize_item(found["Item"]))

    def find(self, item_id: str) -> Page:
        """Return a page with the item, or an empty one; read consistently, with the permission to query only."""
        return self._query({PARTITION_KEY: self.owner, SORT_KEY: item_id}, ConsistentRead=True)

    def list(
        self,
        *,
        limit: int,
        after: Position | None,
        newest_first: bool,
        ids_in_order: bool,
        filtered: Filter | None = None,
    ) -> Page:
        """Return a page of at most `limit` items in order of creation. It reads exactly the items that it returns.

        If the ids are in order of creation (`ids_in_order`), it reads the table, consistently. Otherwise, and for a
        filter, it reads an index, which is eventually consistent: it may miss the last writes.
        """
        index, key = None if ids_in_order else CREATION_INDEX, {PARTITION_KEY: self.owner}
        if filtered:
            index, key = filtered.index, {filtered.index: self._filter_value(filtered.field, filtered.value)}
        return self._query(
            key,
            Limit=limit,
            ScanIndexForward=not newest_first,
            **({"IndexName": index} if index else {"ConsistentRead": True}),
            **({"ExclusiveStartKey": self._start_key(key, index, after)} if after else {}),
        )

    def new_item(self, item_id: str, fields: Mapping[str, Any], milliseconds: int) -> Item:
        """Return an item to store, created at a time in milliseconds since 1970."""
        now = clock.timestamp(milliseconds)
        return {"id": item_id, **fields, CREATED: now, "updated_at": now, "revision": secrets.token_hex(8)}

    def put(self, item: Item) -> dict[str, Any]:
        """Return the arguments of a put that stores a new item if its id is free."""
        return {
            "Item": serialize_item({PARTITION_KEY: self.owner, **item, **self._filter_values(item)}),
            "ConditionExpression": ID_IS_FREE,
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
        changes = {
            **fields,
            "updated_at": clock.timestamp(clock.now()),
            "revision": secrets.token_hex(8),
            **self._filter_values(fields),
        }
        unused = (name for name in map(index_name, self.filters) if name not in changes)
        removed = {f"#removed{number}": name for number, name in enumerate(unused)}
        clauses, names, values = _equalities(changes)
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
        hidden = {PARTITION_KEY, *(index_name(field) for field in self.filters)}
        return {name: value for name, value in stored.items() if name not in hidden}

    def _query(self, key: Mapping[str, str], **arguments: Any) -> Page:
        """Query the table, or the index in the arguments, for these key attributes."""
        clauses, names, values = _equalities(key)
        found = self.database.call(
            "query",
            KeyConditionExpression=" AND ".join(clauses),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            **arguments,
        )
        items = [self.item(deserialize_item(each)) for each in found["Items"]]
        return Page(items, Position.of(items[-1]) if "LastEvaluatedKey" in found else None)

    def _conditional(
        self, operation: str, item_id: str, revisions: Revisions, names: Item, values: Item, **arguments: str
    ) -> dict[str, Any]:
        """Write to an existing item, only at one of the revisions if there are any."""
        condition = "attribute_exists(#id)"
        names = {**names, "#id": SORT_KEY}
        if revisions is not None:
            allowed = {f":revision{index}": serialize(revision) for index, revision in enumerate(revisions)}
            condition += f" AND #revision IN ({', '.join(allowed)})"
            names, values = {**names, "#revision": "revision"}, {**values, **allowed}
        return self.database.call(
            operation,
            Key=self._key(item_id),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **({"ExpressionAttributeValues": values} if values else {}),
            **arguments,
        )

    def _key(self, item_id: str) -> dict[str, Any]:
        return serialize_item({PARTITION_KEY: self.owner, SORT_KEY: item_id})

    def _start_key(self, key: Mapping[str, str], index: str | None, after: Position) -> dict[str, Any]:
        """Return where a query continues: the table's keys, and those of the index as well (AWS, "Query")."""
        of_index = serialize_item({**key, CREATED: after.created_at}) if index else {}
        return self._key(after.item_id) | of_index

    def _filter_values(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """Return the key attributes of the indexes; an empty field is in no index."""
        found = {field: fields.get(field) for field in self.filters}
        return {
            index_name(field): self._filter_value(field, str(value))
            for field, value in found.items()
            if value not in (None, "")
        }

    def _filter_value(self, field: str, value: str) -> str:
        # An owner and a value may contain the separator; the owner's length makes the key unambiguous.
        return f"{len(self.owner)}#{self.owner}#{field}#{value}"


def _equalities(fields: Mapping[str, Any]) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """Return a clause `#0 = :0` for each field, with the names and the values of the placeholders."""
    names = {f"#{number}": name for number, name in enumerate(fields)}
    values = {f":{number}": serialize(value) for number, value in enumerate(fields.values())}
    return [f"{name} = {value}" for name, value in zip(names, values, strict=True)], names, values


def require_own(failed: ConditionFailed, item: Item) -> None:
    """Raise a 409 error, unless an earlier attempt of the same call, whose response was lost, created the item."""
    if failed.item is None or failed.item.get("revision") != item["revision"]:
        raise ProblemError(ALREADY_EXISTS, f"The id {item['id']!r} is already taken.") from None


def _failure(failed: ConditionFailed, item_id: str) -> ProblemError:
    return PreconditionFailed() if failed.item else _not_found(item_id)


def _not_found(item_id: str) -> ProblemError:
    return ProblemError(NOT_FOUND, f"The item {item_id!r} does not exist.")
