"""Items in DynamoDB: one table per collection, the partition key is the owner, the sort key the item's id."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  botocore's own name

from handlers.problems import AlreadyExists, NotFound, PreconditionFailed, Problem, TooLarge, Unavailable

Item = dict[str, Any]

_TRANSIENT = frozenset({
    "InternalServerError", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ServiceUnavailable",
    "ThrottlingException", "TransactionInProgressException", "LimitExceededException",
})  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Some of an owner's items, and the id after which the next page starts (None where there is no more)."""

    items: list[Item]
    after: str | None


def client(timeout: float = 1.5) -> Any:
    """A DynamoDB client whose attempts, together, end before a function's own timeout (seconds per attempt)."""
    config = Config(
        connect_timeout=timeout, read_timeout=timeout, retries={"mode": "standard", "total_max_attempts": 3},
        parameter_validation=False,
    )  # fmt: skip
    session = cast("Any", botocore.session.Session())
    return session.create_client("dynamodb", config=config)


@dataclass(frozen=True)
class Store:
    """One owner's items in one table. Nothing here reads or writes another partition."""

    client: Any
    table: str
    owner: str

    def read(self, item_id: str) -> Item:
        """The item, read consistently. Raises NotFound."""
        found = self._call("get_item", Key=self._key(item_id), ConsistentRead=True)
        if "Item" not in found:
            raise NotFound(f"There is no item {item_id!r}.")
        return _item(found["Item"])

    def list(self, *, limit: int, after: str | None, newest_first: bool) -> Page:
        """A page of at most `limit` items in the order of their ids."""
        start = {"ExclusiveStartKey": self._key(after)} if after else {}
        found = self._call(
            "query", KeyConditionExpression="#owner = :owner", ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": {"S": self.owner}}, Limit=limit, ScanIndexForward=not newest_first,
            **start,
        )  # fmt: skip
        last = found.get("LastEvaluatedKey")
        return Page([_item(each) for each in found["Items"]], last["id"]["S"] if last else None)

    def create(self, item_id: str, fields: Mapping[str, Any]) -> Item:
        """A new item. Raises AlreadyExists where the id is taken."""
        now = _now()
        item = {"id": item_id, **fields, "created_at": now, "updated_at": now, "revision": _revision()}
        try:
            self._call(
                "put_item", Item={"owner": {"S": self.owner}, **_attributes(item)},
                ConditionExpression="attribute_not_exists(id)",
            )  # fmt: skip
        except _ConditionFailed:
            raise AlreadyExists(f"The id {item_id!r} is taken.") from None
        return item

    def replace(self, item_id: str, fields: Mapping[str, Any], *, revision: str | None = None) -> Item:
        """The item with its fields replaced, only at `revision` where one is given.

        Raises NotFound, or PreconditionFailed where the item is at another revision.
        """
        changes = {**fields, "updated_at": _now(), "revision": _revision()}
        names = {f"#{index}": name for index, name in enumerate(changes)}
        values = {f":{index}": _attribute(value) for index, value in enumerate(changes.values())}
        assignments = ", ".join(f"#{index} = :{index}" for index in range(len(changes)))
        written = self._conditional(
            "update_item", item_id, revision, names, values,
            UpdateExpression=f"SET {assignments}", ReturnValues="ALL_NEW",
        )  # fmt: skip
        return _item(written["Attributes"])

    def delete(self, item_id: str, *, revision: str | None = None) -> None:
        """Deletes the item. Raises NotFound, or PreconditionFailed where the item is at another revision."""
        self._conditional("delete_item", item_id, revision, {}, {})

    def _conditional(
        self,
        operation: str,
        item_id: str,
        revision: str | None,
        names: dict[str, str],
        values: dict[str, Any],
        **more: Any,
    ) -> dict[str, Any]:
        condition = "attribute_exists(#id)"
        names = {**names, "#id": "id"}
        if revision is not None:
            condition += " AND #revision = :revision"
            names, values = {**names, "#revision": "revision"}, {**values, ":revision": {"S": revision}}
        given = {"ExpressionAttributeValues": values} if values else {}
        try:
            return self._call(
                operation, Key=self._key(item_id), ConditionExpression=condition, ExpressionAttributeNames=names,
                ReturnValuesOnConditionCheckFailure="ALL_OLD", **given, **more,
            )  # fmt: skip
        except _ConditionFailed as failed:
            if failed.exists:
                raise PreconditionFailed(f"The item {item_id!r} has changed.") from None
            raise NotFound(f"There is no item {item_id!r}.") from None

    def _key(self, item_id: str) -> dict[str, Any]:
        return {"owner": {"S": self.owner}, "id": {"S": item_id}}

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            return getattr(self.client, operation)(TableName=self.table, **arguments)
        except ClientError as error:
            raise _fault_of(error) from error
        except (ConnectionError, HTTPClientError) as error:
            raise Unavailable("The database did not answer in time.") from error


class _ConditionFailed(Exception):
    """A condition did not hold; `exists` tells whether the item is there all the same."""

    def __init__(self, exists: bool) -> None:
        super().__init__()
        self.exists = exists


def _fault_of(error: ClientError) -> Exception:
    response = cast("Mapping[str, Any]", error.response)
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return _ConditionFailed(exists="Item" in response)
    if code in _TRANSIENT:
        return Unavailable("The database is busy.")
    if code == "ValidationException" and "size has exceeded" in response["Error"].get("Message", "").lower():
        return TooLarge("An item may hold 400 KB at most.")
    return Problem("The request could not be served. The fault is ours.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _revision() -> str:
    """A value no earlier state of the item had, so an `ETag` names one state only."""
    return secrets.token_hex(8)


def _attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _attribute(value) for name, value in item.items()}


def _attribute(value: Any) -> dict[str, Any]:
    """A JSON value as a DynamoDB attribute value."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [_attribute(each) for each in cast("list[Any]", value)]}
        case dict():
            return {"M": _attributes(cast("dict[str, Any]", value))}
        case _:
            raise TypeError(f"{type(value).__name__} cannot be stored")


def _value(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return Decimal(value)
        case "L":
            return [_value(each) for each in value]
        case "M":
            return {name: _value(each) for name, each in value.items()}
        case _:
            return value


def _item(attributes: Mapping[str, Any]) -> Item:
    return {name: _value(value) for name, value in attributes.items() if name != "owner"}
