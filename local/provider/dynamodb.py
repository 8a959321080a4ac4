"""DynamoDB tables: keys and indexes in another form than the API's, and what needs calls of its own."""

from typing import Any

from local.provider.properties import Properties
from local.provider.spec import Call, Document, Step


def table_parameters(given: Properties) -> Document:
    """The keys, indexes, encryption, stream and capacity of a table."""
    parameters: Document = {
        "KeySchema": _key_schema(given),
        "AttributeDefinitions": [
            {"AttributeName": attribute.take("name"), "AttributeType": attribute.take("type")}
            for attribute in given.groups("attributes")
        ],
    }
    if indexes := [_index(index) for index in given.groups("globalSecondaryIndexes")]:
        parameters["GlobalSecondaryIndexes"] = indexes
    hash_key = parameters["KeySchema"][0]
    if indexes := [_local_index(hash_key, index) for index in given.groups("localSecondaryIndexes")]:
        parameters["LocalSecondaryIndexes"] = indexes
    streamed, view = given.take("streamEnabled"), given.take("streamViewType")
    if streamed:
        parameters["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    return parameters | _capacity(given) | _encryption(given)


def table_settings(given: Properties) -> Step:
    """Expiry and backups, which a table gets after it was made."""
    expiry, backups = _expiry(given.group("ttl")), _backups(given.group("pointInTimeRecovery"))

    def apply(call: Call) -> Document:
        client, name = call.connection.client("dynamodb"), call.parameters["TableName"]
        if expiry:
            client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
        if backups:
            client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=backups)
        stream = call.response["TableDescription"].get("LatestStreamArn")
        return {"streamArn": stream} if stream else {}

    return apply


def _expiry(given: Properties) -> Document | None:
    enabled, attribute = given.take("enabled"), given.take("attributeName")
    return {"Enabled": True, "AttributeName": attribute} if enabled else None


def _backups(given: Properties) -> Document | None:
    enabled, days = given.take("enabled"), given.take("recoveryPeriodInDays")
    kept = {"RecoveryPeriodInDays": days} if days else {}
    return {"PointInTimeRecoveryEnabled": True, **kept} if enabled else None


def _key_schema(given: Properties) -> list[dict[str, Any]]:
    named = [
        {"AttributeName": key.take("attributeName"), "KeyType": key.take("keyType")}
        for key in given.groups("keySchemas")
    ]
    return named or [
        {"AttributeName": given.take(name), "KeyType": kind}
        for name, kind in (("hashKey", "HASH"), ("rangeKey", "RANGE"))
        if name in given
    ]


def _projection(given: Properties) -> Document:
    projection: Document = {"ProjectionType": given.take("projectionType", "ALL")}
    return projection | ({"NonKeyAttributes": given.take("nonKeyAttributes")} if "nonKeyAttributes" in given else {})


def _index(given: Properties) -> Document:
    return {
        "IndexName": given.take("name"),
        "KeySchema": _key_schema(given),
        "Projection": _projection(given),
        **_capacity(given),
    }


def _local_index(hash_key: Document, given: Properties) -> Document:
    return {
        "IndexName": given.take("name"),
        "KeySchema": [hash_key, *_key_schema(given)],
        "Projection": _projection(given),
    }


def _capacity(given: Properties) -> Document:
    units = {
        unit: int(given.take(name))
        for name, unit in (("readCapacity", "ReadCapacityUnits"), ("writeCapacity", "WriteCapacityUnits"))
        if name in given
    }
    return {"ProvisionedThroughput": units} if units else {}


def _encryption(given: Properties) -> Document:
    """`enabled` means a KMS key; without it DynamoDB encrypts with a key of its own."""
    encryption = given.group("serverSideEncryption")
    enabled, key_arn = encryption.take("enabled"), encryption.take("kmsKeyArn")
    if not enabled:
        return {}
    key = {"KMSMasterKeyId": key_arn} if key_arn else {}
    return {"SSESpecification": {"Enabled": True, "SSEType": "KMS", **key}}
