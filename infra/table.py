"""A collection's table: the owner is the partition key, the item's id the sort key, and an index per filter."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract import Collection
from handlers.contract.keys import EXPIRY, PARTITION_KEY, SORT_KEY, index_name
from infra.naming import Names


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """The collection that the table holds, and whether its data is protected."""

    collection: Collection
    names: Names
    protect: bool
    tags: dict[str, str]


class Table(pulumi.ComponentResource):
    """One DynamoDB table, on demand, encrypted, and protected where the stack asks for it."""

    def __init__(self, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        name = args.collection.name
        indexes = [index_name(field) for field in args.collection.filters]
        super().__init__("gatehouse:data:Table", name, None, opts)
        self.table = aws.dynamodb.Table(
            name,
            name=args.names.resource(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key=PARTITION_KEY,
            range_key=SORT_KEY,
            attributes=[
                aws.dynamodb.TableAttributeArgs(name=key, type="S") for key in (PARTITION_KEY, SORT_KEY, *indexes)
            ],
            global_secondary_indexes=[
                aws.dynamodb.TableGlobalSecondaryIndexArgs(
                    name=index, key_schemas=key_schemas(index), projection_type="ALL"
                )
                for index in indexes
            ],
            ttl=aws.dynamodb.TableTtlArgs(attribute_name=EXPIRY, enabled=True),
            deletion_protection_enabled=args.protect,
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=args.protect),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.name = self.table.name
        self.arn = self.table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def key_schemas(index: str) -> list[aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs]:
    """An index's keys: its own attribute, then the id, so that its items come in the order of ids."""
    return [
        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=name, key_type=kind)
        for name, kind in ((index, "HASH"), (SORT_KEY, "RANGE"))
    ]
