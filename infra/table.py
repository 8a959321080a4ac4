"""DynamoDB tables, billed on demand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
import pulumi
import pulumi_aws as aws
from msgspec import Meta

from handlers.contract import Collection
from handlers.contract.keys import CREATED, EXPIRY, PARTITION_KEY, SORT_KEY
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
    """The keys of a table, all strings: `keys` are the partition key and, optionally, the sort key.

    `indexes` holds the partition keys of the global secondary indexes by index name; each is sorted by creation time.
    `expiry` is the attribute (seconds since 1970) after which DynamoDB may delete an item.
    """

    names: Names
    keys: tuple[str, ...]
    expiry: str
    data: DataSettings
    tags: dict[str, str]
    indexes: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """Every key attribute of the table and its indexes: DynamoDB requires definitions of these and no others."""
        return tuple(dict.fromkeys((*self.keys, *self.indexes.values(), *([CREATED] if self.indexes else []))))


def collection_table(collection: Collection, names: Names, data: DataSettings, tags: dict[str, str]) -> TableArgs:
    """Return a collection's table: its partition key is the owner, its sort key the item's id."""
    return TableArgs(
        names=names,
        keys=(PARTITION_KEY, SORT_KEY),
        expiry=EXPIRY,
        indexes=collection.indexes,
        data=data,
        tags=tags,
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
            attributes=[aws.dynamodb.TableAttributeArgs(name=key, type="S") for key in args.key_attributes],
            global_secondary_indexes=[
                aws.dynamodb.TableGlobalSecondaryIndexArgs(
                    name=index, key_schemas=key_schemas(partition_key), projection_type="ALL"
                )
                for index, partition_key in args.indexes.items()
            ],
            ttl=aws.dynamodb.TableTtlArgs(attribute_name=args.expiry, enabled=True),
            deletion_protection_enabled=protect,
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=protect),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        self.name = table.name
        self.arn = table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def key_schemas(partition_key: str) -> list[aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs]:
    """Return an index's keys: its partition key, then the creation time, by which its items are sorted."""
    return [
        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=name, key_type=kind)
        for name, kind in ((partition_key, "HASH"), (CREATED, "RANGE"))
    ]
