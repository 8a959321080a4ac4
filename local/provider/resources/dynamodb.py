"""DynamoDB tables."""

from typing import Any, Final

from local.provider.properties import Properties
from local.provider.resource_type import Call, Document, ResourceType, Step


def _table_parameters(given: Properties) -> Document:
    """Return the parameters of a table whose form differs from Pulumi's: keys, indexes and capacity."""
    parameters: Document = {
        "KeySchema": _key_schema(given),
        "AttributeDefinitions": [
            {"AttributeName": attribute.pop("name"), "AttributeType": attribute.pop("type")}
            for attribute in given.pop_objects("attributes")
        ],
    }
    if indexes := [_index(index) for index in given.pop_objects("globalSecondaryIndexes")]:
        parameters["GlobalSecondaryIndexes"] = indexes
    return parameters | _capacity(given)


def _configure_table(given: Properties) -> Step:
    """Set expiry (TTL) and point-in-time recovery."""
    expiry, recovery = _expiry(given.pop_object("ttl")), given.pop_object("pointInTimeRecovery").pop("enabled")

    def apply(call: Call) -> Document:
        client, name = call.connection.client("dynamodb"), call.parameters["TableName"]
        if expiry:
            client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
        if recovery:
            specification = {"PointInTimeRecoveryEnabled": True}
            client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)
        return {}

    return apply


def _expiry(given: Properties) -> Document | None:
    enabled, attribute = given.pop("enabled"), given.pop("attributeName")
    return {"Enabled": True, "AttributeName": attribute} if enabled else None


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
    units = {
        unit: int(given.pop(name))
        for name, unit in (("readCapacity", "ReadCapacityUnits"), ("writeCapacity", "WriteCapacityUnits"))
        if name in given
    }
    return {"ProvisionedThroughput": units} if units else {}


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
    )
}
