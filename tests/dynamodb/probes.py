"""Requests whose results show how strictly a database follows DynamoDB, as the handlers and the authorizer make them.

Each takes a client and the name of the `users` table, which is empty, and returns what the caller depends on.
"""

from typing import Any, cast

from botocore.exceptions import ClientError

from handlers.contract import Index
from handlers.contract.keys import CREATED, PARTITION_KEY, SORT_KEY

TIME = "2026-06-15T09:30:00.000Z"
IDS = tuple("abcdefgh")
LARGE = "a" * 410_000
"""A text that makes an item larger than 400 KB."""


def user(item_id: str, **more: str) -> dict[str, Any]:
    fields = {PARTITION_KEY: "ann", SORT_KEY: item_id, CREATED: TIME, **more}
    return {name: {"S": value} for name, value in fields.items()}


def fill(client: Any, table: str) -> None:
    for item_id in IDS:
        client.put_item(TableName=table, Item=user(item_id))


def listed(client: Any, table: str, **more: Any) -> dict[str, Any]:
    """Query the index of creation times."""
    return client.query(
        TableName=table,
        IndexName=Index().name,
        KeyConditionExpression="#owner = :owner",
        ExpressionAttributeNames={"#owner": PARTITION_KEY},
        ExpressionAttributeValues={":owner": {"S": "ann"}},
        **more,
    )


def equal_sort_keys_are_in_order_of_ids(client: Any, table: str) -> bool:
    fill(client, table)
    return [each[SORT_KEY]["S"] for each in listed(client, table)["Items"]] == [*IDS]


def a_full_last_page_has_a_next_page(client: Any, table: str) -> bool:
    fill(client, table)
    return "LastEvaluatedKey" in listed(client, table, Limit=len(IDS))


def a_start_key_of_another_partition(client: Any, table: str) -> str:
    fill(client, table)
    return error(listed, client, table, ExclusiveStartKey={**user("a"), PARTITION_KEY: {"S": "eve"}})


def a_start_key_without_the_indexs_key(client: Any, table: str) -> str:
    key = {name: value for name, value in user("a").items() if name != CREATED}
    return error(listed, client, table, ExclusiveStartKey=key)


def a_consistent_query_of_an_index(client: Any, table: str) -> str:
    return error(listed, client, table, ConsistentRead=True)


def an_unused_value(client: Any, table: str) -> str:
    condition = {"ConditionExpression": f"attribute_not_exists({SORT_KEY})"}
    values = {":unused": {"S": "a"}}
    return error(client.put_item, TableName=table, Item=user("a"), ExpressionAttributeValues=values, **condition)


def an_empty_key_of_an_index(client: Any, table: str) -> str:
    return error(client.put_item, TableName=table, Item=user("a", by_email=""))


def a_long_key_of_an_index(client: Any, table: str) -> str:
    return error(client.put_item, TableName=table, Item=user("a", by_email="a" * 2049))


def a_number_with_39_digits(client: Any, table: str) -> str:
    return error(client.put_item, TableName=table, Item=user("a") | {"number": {"N": "1" * 39}})


def a_put_of_too_large_an_item(client: Any, table: str) -> str:
    return error(client.put_item, TableName=table, Item=user("a", name=LARGE))


def an_update_to_too_large_an_item(client: Any, table: str) -> str:
    client.put_item(TableName=table, Item=user("a", name="a" * 200_000))
    key = {name: user("a")[name] for name in (PARTITION_KEY, SORT_KEY)}
    update = {"UpdateExpression": "SET more = :more", "ExpressionAttributeValues": {":more": {"S": "a" * 250_000}}}
    return error(client.update_item, TableName=table, Key=key, **update)


def a_transaction_with_too_large_an_item(client: Any, table: str) -> str:
    return error(transact, client, table, [user("a"), user("b", name=LARGE)])


def a_transaction_with_one_item_twice(client: Any, table: str) -> str:
    return error(transact, client, table, [user("a"), user("a")])


def a_repeated_transaction(client: Any, table: str) -> str:
    """Its token makes it succeed, although the item exists; otherwise a lost response would be a conflict."""
    transact(client, table, [user("a")], token="token-1")
    return error(transact, client, table, [user("a")], token="token-1")


def another_transaction_with_the_same_token(client: Any, table: str) -> str:
    transact(client, table, [user("a")], token="token-2")
    return error(transact, client, table, [user("b")], token="token-2")


def the_item_of_a_failed_transaction(client: Any, table: str) -> Any:
    client.put_item(TableName=table, Item=user("b"))
    try:
        transact(client, table, [user("a"), user("b")])
    except ClientError as failed:
        response: Any = failed.response
        return [reason.get("Item", {}).get(SORT_KEY) for reason in response["CancellationReasons"]]
    return "no error"


def duplicate_keys_in_a_batch(client: Any, table: str) -> str:
    key = {name: user("a")[name] for name in (PARTITION_KEY, SORT_KEY)}
    return error(client.batch_get_item, RequestItems={table: {"Keys": [key, key]}})


def transact(client: Any, table: str, items: list[dict[str, Any]], token: str = "") -> None:
    puts = [
        {
            "TableName": table,
            "Item": item,
            "ConditionExpression": f"attribute_not_exists({SORT_KEY})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        for item in items
    ]
    client.transact_write_items(
        TransactItems=[{"Put": put} for put in puts], **({"ClientRequestToken": token} if token else {})
    )


def error(call: Any, *arguments: Any, **more: Any) -> str:
    """Return the code and the message of the error of a call; "none" if it succeeds."""
    try:
        call(*arguments, **more)
    except ClientError as failed:
        found = cast("Any", failed.response)["Error"]
        return f"{found['Code']}: {found['Message']}"
    return "none"
