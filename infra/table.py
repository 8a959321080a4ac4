"""DynamoDB tables, on demand: those of the collections, and the list of revoked tokens."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

import authorizer.revocations
from handlers.contract import Collection
from handlers.contract.keys import EXPIRY, PARTITION_KEY, SORT_KEY, index_name
from infra.naming import REVOCATIONS, Names
from infra.settings import StackSettings


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """A table's keys, each a string: `keys` are the partition key and the sort key, if it has one.

    Each of the `indexes` has an attribute of its own name as its partition key, and the table's sort key. `expiry` is
    the attribute (seconds since 1970) after which DynamoDB may delete what has it.
    """

    name: str
    keys: tuple[str, ...]
    expiry: str
    names: Names
    settings: StackSettings
    indexes: tuple[str, ...] = ()


def collection_table(collection: Collection, names: Names, settings: StackSettings) -> TableArgs:
    """A collection's table: the owner is the partition key, the item's id the sort key, and an index per filter."""
    return TableArgs(
        name=collection.name,
        keys=(PARTITION_KEY, SORT_KEY),
        expiry=EXPIRY,
        indexes=tuple(index_name(field) for field in collection.filters),
        names=names,
        settings=settings,
    )


def revocations_table(names: Names, settings: StackSettings) -> TableArgs:
    """The list of revoked tokens. It is protected as data is: without it, what was revoked would count again."""
    return TableArgs(
        name=REVOCATIONS,
        keys=(authorizer.revocations.KEY,),
        expiry=authorizer.revocations.EXPIRY,
        names=names,
        settings=settings,
    )


class Table(pulumi.ComponentResource):
    """One DynamoDB table, on demand, encrypted, and protected where the stack asks for it."""

    def __init__(self, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:data:Table", args.name, None, opts)
        protect = args.settings.protect_data
        self.table = aws.dynamodb.Table(
            args.name,
            name=args.names.resource(args.name),
            billing_mode="PAY_PER_REQUEST",
            hash_key=args.keys[0],
            range_key=args.keys[1] if len(args.keys) > 1 else None,
            attributes=[aws.dynamodb.TableAttributeArgs(name=key, type="S") for key in (*args.keys, *args.indexes)],
            global_secondary_indexes=[
                aws.dynamodb.TableGlobalSecondaryIndexArgs(
                    name=index, key_schemas=key_schemas(index), projection_type="ALL"
                )
                for index in args.indexes
            ],
            ttl=aws.dynamodb.TableTtlArgs(attribute_name=args.expiry, enabled=True),
            deletion_protection_enabled=protect,
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=protect),
            tags=args.settings.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
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
