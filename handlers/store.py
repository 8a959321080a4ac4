"""Items in DynamoDB: one table per collection, the partition key is the owner, the sort key the item's id."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers import clock
from handlers.attributes import attribute, attributes, values
from handlers.contract.keys import CREATED, CREATION_INDEX, PARTITION_KEY, SORT_KEY, index_name
from handlers.database import ConditionFailed, Database
from handlers.problems import AlreadyExists, NotFound, PreconditionFailed

Item = dict[str, Any]

ID_IS_FREE = f"attribute_not_exists({SORT_KEY})"


@dataclass(frozen=True, order=True)
class Position:
    """An item's place in every list: lists are in order of creation, to the millisecond, and then of ids.

    For an index, DynamoDB documents no order of equal sort keys; it reads them in an order that it can continue.
    """

    created_at: str
    item_id: str

    @classmethod
    def of(cls, item: Item) -> "Position":
        """The place of an item."""
        return cls(item[CREATED], item[SORT_KEY])


@dataclass(frozen=True)
class Page:
    """Some of an owner's items, and the position after which the next page starts (None where there is no more)."""

    items: list[Item]
    after: Position | None


@dataclass(frozen=True)
class Filter:
    """Only items whose field has this value; an index serves it."""

    field: str
    value: str

    @property
    def index(self) -> str:
        """The name of the index, and of the attribute that is its key."""
        return index_name(self.field)


@dataclass(frozen=True)
class Store:
    """One partition of one table: an owner's items. Nothing here reads or writes another partition.

    `filters` are the fields that have an index.
    """

    database: Database
    owner: str
    filters: tuple[str, ...] = ()

    def read(self, item_id: str) -> Item:
        """The item, read consistently. Raises NotFound."""
        found = self.database.call("get_item", Key=self._key(item_id), ConsistentRead=True)
        if "Item" not in found:
            raise _not_found(item_id)
        return self.item(values(found["Item"]))

    def find(self, item_id: str) -> Page:
        """The item as a page of one, or of none; read consistently, with the right to query only."""
        found = self._query({PARTITION_KEY: self.owner, SORT_KEY: item_id}, ConsistentRead=True)
        return Page([self.item(values(each)) for each in found["Items"]], None)

    def list(
        self,
        *,
        limit: int,
        after: Position | None,
        newest_first: bool,
        ids_in_order: bool,
        filtered: Filter | None = None,
    ) -> Page:
        """A page of at most `limit` items in order of creation. It reads exactly what it returns.

        Where the ids are in order of creation (`ids_in_order`), the table itself is read, consistently. Otherwise, and
        for a filter, an index is read, which is eventually consistent: it may miss the last writes.
        """
        index, key = None if ids_in_order else CREATION_INDEX, {PARTITION_KEY: self.owner}
        if filtered:
            index, key = filtered.index, {filtered.index: self._filter_value(filtered.field, filtered.value)}
        found = self._query(
            key,
            Limit=limit,
            ScanIndexForward=not newest_first,
            **({"IndexName": index} if index else {"ConsistentRead": True}),
            **({"ExclusiveStartKey": self._start_key(key, index, after)} if after else {}),
        )
        items = [self.item(values(each)) for each in found["Items"]]
        return Page(items, Position.of(items[-1]) if "LastEvaluatedKey" in found else None)

    def new_item(self, item_id: str, fields: Mapping[str, Any], milliseconds: int) -> Item:
        """An item that is not stored yet, created at a time in milliseconds since 1970."""
        now = clock.timestamp(milliseconds)
        return {"id": item_id, **fields, CREATED: now, "updated_at": now, "revision": _revision()}

    def put(self, item: Item) -> dict[str, Any]:
        """The arguments of a put that stores a new item, under the condition that its id is free."""
        return {
            "Item": attributes({PARTITION_KEY: self.owner, **item, **self._filter_values(item)}),
            "ConditionExpression": ID_IS_FREE,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def create(self, item: Item) -> Item:
        """Stores a new item. Raises AlreadyExists where the id is taken."""
        try:
            self.database.call("put_item", **self.put(item))
        except ConditionFailed as failed:
            require_own(failed, item)
        return item

    def replace(self, item_id: str, fields: Mapping[str, Any], *, revisions: tuple[str, ...] | None = None) -> Item:
        """The item with its fields replaced, only at one of `revisions` where they are given.

        Raises NotFound, or PreconditionFailed where the item is at another revision.
        """
        changes = {
            **fields,
            "updated_at": clock.timestamp(clock.now()),
            "revision": _revision(),
            **self._filter_values(fields),
        }
        removed = [index_name(field) for field in self.filters if index_name(field) not in changes]
        names = {f"#{index}": name for index, name in enumerate([*changes, *removed])}
        given = {f":{index}": attribute(value) for index, value in enumerate(changes.values())}
        expression = "SET " + ", ".join(f"#{index} = :{index}" for index in range(len(changes)))
        if removed:
            expression += " REMOVE " + ", ".join(f"#{len(changes) + index}" for index in range(len(removed)))
        arguments = {"UpdateExpression": expression, "ReturnValues": "ALL_NEW"}
        try:
            written = self._conditional("update_item", item_id, revisions, names, given, arguments)
        except ConditionFailed as failed:
            # An attempt whose answer was lost has written: what is there is what this call made.
            if failed.item and failed.item.get("revision") == changes["revision"]:
                return self.item(failed.item)
            raise _missed(failed, item_id) from None
        return self.item(values(written["Attributes"]))

    def delete(self, item_id: str, *, revisions: tuple[str, ...] | None = None) -> None:
        """Deletes the item. Raises NotFound, or PreconditionFailed where the item is at another revision."""
        try:
            self._conditional("delete_item", item_id, revisions, {}, {}, {})
        except ConditionFailed as failed:
            # After an attempt whose answer was lost, nothing there means that it deleted.
            if failed.item is None and failed.in_doubt:
                return
            raise _missed(failed, item_id) from None

    def item(self, stored: Mapping[str, Any]) -> Item:
        """What is stored without what only the table needs."""
        hidden = {PARTITION_KEY, *(index_name(field) for field in self.filters)}
        return {name: value for name, value in stored.items() if name not in hidden}

    def _query(self, key: Mapping[str, str], **more: Any) -> dict[str, Any]:
        """What has these key attributes, of the table or of the index that is named."""
        return self.database.call(
            "query",
            KeyConditionExpression=" AND ".join(f"#{number} = :{number}" for number in range(len(key))),
            ExpressionAttributeNames={f"#{number}": name for number, name in enumerate(key)},
            ExpressionAttributeValues=attributes({f":{number}": value for number, value in enumerate(key.values())}),
            **more,
        )

    def _conditional(
        self,
        operation: str,
        item_id: str,
        revisions: tuple[str, ...] | None,
        names: dict[str, str],
        given: dict[str, Any],
        arguments: dict[str, str],
    ) -> dict[str, Any]:
        condition = "attribute_exists(#id)"
        names = {**names, "#id": SORT_KEY}
        if revisions is not None:
            allowed = {f":revision{index}": attribute(revision) for index, revision in enumerate(revisions)}
            condition += f" AND #revision IN ({', '.join(allowed)})"
            names, given = {**names, "#revision": "revision"}, {**given, **allowed}
        return self.database.call(
            operation,
            Key=self._key(item_id),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **({"ExpressionAttributeValues": given} if given else {}),
            **arguments,
        )

    def _key(self, item_id: str) -> dict[str, Any]:
        return attributes({PARTITION_KEY: self.owner, SORT_KEY: item_id})

    def _start_key(self, key: Mapping[str, str], index: str | None, after: Position) -> dict[str, Any]:
        """Where a query continues: the keys of the table, and those of the index besides (AWS, "Query")."""
        of_index = attributes({**key, CREATED: after.created_at}) if index else {}
        return self._key(after.item_id) | of_index

    def _filter_values(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """The keys of the indexes; a field that is empty is in none."""
        found = {field: fields.get(field) for field in self.filters}
        return {
            index_name(field): self._filter_value(field, str(value))
            for field, value in found.items()
            if value not in (None, "")
        }

    def _filter_value(self, field: str, value: str) -> str:
        # An owner and a value may both contain the separator; the owner's length says where one ends.
        return f"{len(self.owner)}#{self.owner}#{field}#{value}"


def require_own(failed: ConditionFailed, item: Item) -> None:
    """Accepts that an id is taken where an earlier attempt of the same call took it. Raises AlreadyExists otherwise."""
    if failed.item is None or failed.item.get("revision") != item["revision"]:
        raise AlreadyExists(f"The id {item['id']!r} is taken.") from None


def _missed(failed: ConditionFailed, item_id: str) -> Exception:
    return PreconditionFailed(f"The item {item_id!r} has changed.") if failed.item else _not_found(item_id)


def _not_found(item_id: str) -> NotFound:
    return NotFound(f"There is no item {item_id!r}.")


def _revision() -> str:
    """A value no earlier state of the item had, so an `ETag` names one state only."""
    return secrets.token_hex(8)
