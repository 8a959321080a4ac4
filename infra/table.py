"""A collection's table: the owner is the partition key, the item's id the sort key."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract import Collection
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
        super().__init__("gatehouse:data:Table", name, None, opts)
        self.table = aws.dynamodb.Table(
            name,
            name=args.names.resource(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key="owner",
            range_key="id",
            attributes=[
                aws.dynamodb.TableAttributeArgs(name="owner", type="S"),
                aws.dynamodb.TableAttributeArgs(name="id", type="S"),
            ],
            deletion_protection_enabled=args.protect,
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=args.protect),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.name = self.table.name
        self.arn = self.table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
