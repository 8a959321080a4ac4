"""DynamoDB tables."""

from typing import Any, Final

from local.processes import wait_until
from local.provider.connection import Connection
from local.provider.live import Live, tags_of
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_INDEXES: Final = "globalSecondaryIndexes"

_UNITS: Final = {"readCapacity": "ReadCapacityUnits", "writeCapacity": "WriteCapacityUnits"}
_LIMITS: Final = {"maxReadRequestUnits": "MaxReadRequestUnits", "maxWriteRequestUnits": "MaxWriteRequestUnits"}

INDEX_SECONDS = 60
"""The longest time to wait for an index."""


def _table_parameters(given: Properties) -> Document:
    """Return the parameters of a table whose form differs from Pulumi's: keys, indexes and capacity."""
    parameters: Document = {"KeySchema": _key_schema(given), "AttributeDefinitions": _attributes(given)}
    if indexes := [_index(index) for index in given.pop_objects(_INDEXES)]:
        parameters["GlobalSecondaryIndexes"] = indexes
    if "serverSideEncryption" in given:
        parameters["SSESpecification"] = _encryption(given)
    return parameters | _capacity(given)


def _attributes(given: Properties) -> list[dict[str, str]]:
    return [
        {"AttributeName": attribute.pop("name"), "AttributeType": attribute.pop("type")}
        for attribute in given.pop_objects("attributes")
    ]


def _key_schema(given: Properties) -> list[dict[str, Any]]:
    schema = [
        {"AttributeName": key.pop("attributeName"), "KeyType": key.pop("keyType")}
        for key in given.pop_objects("keySchemas")
    ]
    return schema or [
        {"AttributeName": given.pop(name), "KeyType": kind}
        for name, kind in (("hashKey", "HASH"), ("rangeKey", "RANGE"))
        if name in given
    ]


def _index(given: Properties) -> Document:
    return {
        "IndexName": given.pop("name"),
        "KeySchema": _key_schema(given),
        "Projection": {"ProjectionType": given.pop("projectionType")},
        **_capacity(given),
    }


def _capacity(given: Properties) -> Document:
    """Return the provisioned capacity of a table or an index, and its limits on demand."""
    units = {unit: int(given.pop(name)) for name, unit in _UNITS.items() if name in given}
    limits = given.pop_object("onDemandThroughput")
    maximum = {unit: int(limits.pop(name)) for name, unit in _LIMITS.items() if name in limits}
    return {
        **({"ProvisionedThroughput": units} if units else {}),
        **({"OnDemandThroughput": maximum} if maximum else {}),
    }


def _described_capacity(description: Document) -> Document:
    """Return the properties of the capacity of a table or an index: without any, it has none of a kind."""
    found = description.get("ProvisionedThroughput", {})
    maximum = description.get("OnDemandThroughput", {})
    return {
        **{name: found[unit] for name, unit in _UNITS.items() if found.get(unit)},
        "onDemandThroughput": {name: maximum[unit] for name, unit in _LIMITS.items() if maximum.get(unit, -1) != -1},
    }


def _encryption(given: Properties) -> Document:
    specification = given.pop_object("serverSideEncryption")
    if not specification.pop("enabled"):
        return {"Enabled": False}
    key = specification.pop("kmsKeyArn", None)
    return {"Enabled": True, "SSEType": "KMS", **({"KMSMasterKeyId": key} if key else {})}


def _described_encryption(table: Document) -> Document:
    found = table.get("SSEDescription", {})
    if found.get("Status") != "ENABLED":
        return {"enabled": False}
    return {"enabled": True, "kmsKeyArn": found["KMSMasterKeyArn"]}


def _expiry(given: Properties) -> str | None:
    """Return the attribute of expiry (TTL), or None if it is disabled."""
    ttl = given.pop_object("ttl")
    enabled, attribute = ttl.pop("enabled"), ttl.pop("attributeName")
    return attribute if enabled else None


def _recovery(given: Properties) -> Document:
    recovery = given.pop_object("pointInTimeRecovery")
    enabled, days = bool(recovery.pop("enabled")), recovery.pop("recoveryPeriodInDays", None)
    return {"PointInTimeRecoveryEnabled": enabled, **({"RecoveryPeriodInDays": int(days)} if days else {})}


def _configure_table(given: Properties) -> Step:
    """Set expiry (TTL) and point-in-time recovery."""
    attribute, recovery = _expiry(given), _recovery(given)

    def apply(call: Call) -> Document:
        name = call.parameters["TableName"]
        if attribute:
            _set_expiry(call.connection, name, attribute)
        if recovery["PointInTimeRecoveryEnabled"]:
            _set_recovery(call.connection, name, recovery)
        return {}

    return apply


def _update_protection(connection: Connection, state: State, given: Properties) -> None:
    protection = bool(given.pop("deletionProtectionEnabled", False))
    connection.client("dynamodb").update_table(TableName=state.id, DeletionProtectionEnabled=protection)


def _update_encryption(connection: Connection, state: State, given: Properties) -> None:
    specification = _encryption(given) if "serverSideEncryption" in given else {"Enabled": False}
    connection.client("dynamodb").update_table(TableName=state.id, SSESpecification=specification)


def _update_capacity(connection: Connection, state: State, given: Properties) -> None:
    """Change the billing mode, and the capacity of the table and of the indexes that it keeps.

    DynamoDB expects all of it in one call, and rejects a provisioned capacity that changes nothing.
    """
    client = connection.client("dynamodb")
    table = client.describe_table(TableName=state.id)["Table"]
    indexes = {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes", ())}
    mode = given.pop("billingMode", "PROVISIONED")
    changes = _changed_capacity(table, _capacity(given))
    if mode != _billing_mode(table):
        changes["BillingMode"] = mode
    updates: list[Document] = []
    for index in given.pop_objects(_INDEXES):
        name = index.pop("name")
        if name in indexes and (change := _changed_capacity(indexes[name], _capacity(index))):
            updates.append({"Update": {"IndexName": name, **change}})
    if updates:
        changes["GlobalSecondaryIndexUpdates"] = updates
    if changes:
        client.update_table(TableName=state.id, **changes)


def _changed_capacity(description: Document, wanted: Document) -> Document:
    return {kind: units for kind, units in wanted.items() if not units.items() <= description.get(kind, {}).items()}


def _billing_mode(table: Document) -> str:
    return table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")


def _update_indexes(connection: Connection, state: State, given: Properties) -> None:
    """Delete and create indexes one by one: DynamoDB accepts one such change at a time, and none of an index's keys.

    The change starts from the indexes that exist, so that it continues one that was interrupted.
    """
    old = {index["IndexName"]: _definition(index) for index in _described_indexes(connection, state.id)}
    new = {index["IndexName"]: index for index in map(_index, given.pop_objects(_INDEXES))}
    changed = [name for name in {**old, **new} if name not in new or old.get(name) != _definition(new[name])]
    attributes = _attributes(given)
    client = connection.client("dynamodb")
    for name in (name for name in changed if name in old):
        client.update_table(TableName=state.id, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
        _wait_for_indexes(connection, state.id)
    for index in (new[name] for name in changed if name in new):
        client.update_table(
            TableName=state.id, AttributeDefinitions=attributes, GlobalSecondaryIndexUpdates=[{"Create": index}]
        )
        _wait_for_indexes(connection, state.id)


def _definition(index: Document) -> tuple[list[tuple[str, str]], str]:
    """Return what cannot be changed about an index: its keys, and the attributes that it contains."""
    keys = [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]]
    return keys, index["Projection"]["ProjectionType"]


def _described_indexes(connection: Connection, table: str) -> list[Document]:
    described = connection.client("dynamodb").describe_table(TableName=table)["Table"]
    return described.get("GlobalSecondaryIndexes", [])


def _wait_for_indexes(connection: Connection, table: str) -> None:
    """Wait until DynamoDB has built or deleted each index. Raises TimeoutError."""

    def are_active() -> bool:
        return all(index["IndexStatus"] == "ACTIVE" for index in _described_indexes(connection, table))

    if not wait_until(are_active, seconds=INDEX_SECONDS):
        raise TimeoutError(f"the indexes of {table} are not active after {INDEX_SECONDS} seconds")


def _set_expiry(connection: Connection, table: str, attribute: str | None) -> None:
    """Enable, disable or move expiry. DynamoDB rejects what changes nothing, and another attribute while enabled."""
    client = connection.client("dynamodb")
    present = _described_expiry(connection, table)
    for name, enabled in ((present, False), (attribute, True)):
        if name and present != attribute:
            specification = {"Enabled": enabled, "AttributeName": name}
            client.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)


def _described_expiry(connection: Connection, table: str) -> str | None:
    found = connection.client("dynamodb").describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    return found["AttributeName"] if found["TimeToLiveStatus"] in ("ENABLED", "ENABLING") else None


def _set_recovery(connection: Connection, table: str, recovery: Document) -> None:
    connection.client("dynamodb").update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)


def _read_table(connection: Connection, state: State) -> Live:
    client = connection.client("dynamodb")
    table = client.describe_table(TableName=state.id)["Table"]
    expiry = _described_expiry(connection, state.id)
    backups = client.describe_continuous_backups(TableName=state.id)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
    inputs = {
        "name": table["TableName"],
        "billingMode": _billing_mode(table),
        "hashKey": keys["HASH"],
        "rangeKey": keys.get("RANGE"),
        **dict.fromkeys(_UNITS),
        **_described_capacity(table),
        "attributes": [
            {"name": each["AttributeName"], "type": each["AttributeType"]} for each in table["AttributeDefinitions"]
        ],
        _INDEXES: [_described_index(index) for index in table.get("GlobalSecondaryIndexes", ())],
        "ttl": {"attributeName": expiry or "", "enabled": expiry is not None},
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "pointInTimeRecovery": {
            "enabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED",
            **({"recoveryPeriodInDays": days} if (days := recovery.get("RecoveryPeriodInDays")) else {}),
        },
        "serverSideEncryption": _described_encryption(table),
        "tags": tags_of(client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
    }
    return Live(inputs=inputs, outputs={"arn": table["TableArn"]})


def _described_index(index: Document) -> Document:
    return {
        "name": index["IndexName"],
        "keySchemas": [
            {"attributeName": key["AttributeName"], "keyType": key["KeyType"]} for key in index["KeySchema"]
        ],
        "projectionType": index["Projection"]["ProjectionType"],
        **{name: value for name, value in _described_capacity(index).items() if value},
    }


TYPES: Final = {
    "aws:dynamodb/table:Table": ResourceType(
        service="dynamodb",
        operation="CreateTable",
        renames={"TableName": "name"},
        name_property="name",
        convert=_table_parameters,
        configure=_configure_table,
        id="TableDescription.TableName",
        outputs={"arn": "TableDescription.TableArn"},
        replaces=("name", "hashKey", "rangeKey"),
        updates=(
            Update(inputs=("deletionProtectionEnabled",), apply=_update_protection),
            Update(inputs=("serverSideEncryption",), apply=_update_encryption),
            Update(inputs=("billingMode", *_UNITS, "onDemandThroughput", _INDEXES), apply=_update_capacity),
            Update(inputs=("attributes", _INDEXES), apply=_update_indexes),
            Update(
                inputs=("ttl",),
                apply=lambda connection, state, given: _set_expiry(connection, state.id, _expiry(given)),
            ),
            Update(
                inputs=("pointInTimeRecovery",),
                apply=lambda connection, state, given: _set_recovery(connection, state.id, _recovery(given)),
            ),
            tags("dynamodb"),
        ),
        sets=("attributes", _INDEXES),
        differs={
            "ttl": lambda state, new: _expiry(Properties(state.inputs)) != _expiry(Properties({"ttl": new or {}}))
        },
        read=_read_table,
        delete=lambda connection, state: connection.client("dynamodb").delete_table(TableName=state.id),
    )
}
