"""DynamoDB tables, billed on demand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import pulumi
import pulumi_aws as aws
from msgspec import Meta

from handlers.contract import Collection, Index
from handlers.contract.keys import EXPIRY, PARTITION_KEY, SORT_KEY
from infra.naming import Names


class DataSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The DynamoDB tables."""

    protect: Annotated[
        bool,
        Meta(
            description="Whether tables are protected from deletion, by Pulumi and by DynamoDB, and have "
            "point-in-time recovery."
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """The keys of a table: `keys` are the partition key and, optionally, the sort key.

    `indexes` are the global secondary indexes, and `numbers` those of all keys that are numbers; others are strings.
    `expiry` is the attribute (seconds since 1970) after which DynamoDB may delete an item.
    """

    names: Names
    keys: tuple[str, ...]
    expiry: str
    data: DataSettings
    indexes: Sequence[Index] = ()
    numbers: Sequence[str] = ()

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """Every key attribute of the table and its indexes: DynamoDB requires definitions of these and no others."""
        partition_keys = (index.partition_key for index in self.indexes)
        return tuple(dict.fromkeys((*self.keys, *partition_keys, *(index.order for index in self.indexes))))


def collection_table(collection: Collection, names: Names, data: DataSettings) -> TableArgs:
    """Return a collection's table: its partition key is the owner, its sort key the item's id."""
    return TableArgs(
        names=names,
        keys=(PARTITION_KEY, SORT_KEY),
        expiry=EXPIRY,
        indexes=collection.indexes,
        numbers=collection.number_ranges,
        data=data,
    )


class Table(pulumi.ComponentResource):
    """An encrypted DynamoDB table, protected if the stack's settings say so."""

    def __init__(self, name: str, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:data:Table", name, None, opts)
        protect = args.data.protect
        table = aws.dynamodb.Table(
            name,
            name=args.names.resource(name),
            billing_mode="PAY_PER_REQUEST",
            hash_key=args.keys[0],
            range_key=args.keys[1] if len(args.keys) > 1 else None,
            attributes=[
                aws.dynamodb.TableAttributeArgs(name=key, type="N" if key in args.numbers else "S")
                for key in args.key_attributes
            ],
            global_secondary_indexes=[
                aws.dynamodb.TableGlobalSecondaryIndexArgs(
                    name=index.name, key_schemas=key_schemas(index), projection_type="ALL"
                )
                for index in args.indexes
            ],
            ttl=aws.dynamodb.TableTtlArgs(attribute_name=args.expiry, enabled=True),
            deletion_protection_enabled=protect,
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=protect),
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        self.name = table.name
        self.arn = table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def key_schemas(index: Index) -> list[aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs]:
    """Return an index's keys: its partition key, then the field by which its items are sorted."""
    return [
        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=name, key_type=kind)
        for name, kind in ((index.partition_key, "HASH"), (index.order, "RANGE"))
    ]
