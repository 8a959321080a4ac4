"""DynamoDB tables, on demand: those of the collections, and the list of revoked tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

import authorizer.revocation.entries
from handlers.contract import Collection
from handlers.contract.keys import CREATED, EXPIRY, PARTITION_KEY, SORT_KEY
from infra.naming import REVOCATIONS, Names
from infra.settings import StackSettings


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """A table's keys, each a string: `keys` are the partition key and the sort key, if it has one.

    `indexes` are the partition keys of the global secondary indexes, by their names; the sort key of each is the time
    of creation. `expiry` is the attribute (seconds since 1970) after which DynamoDB may delete what has it.
    """

    name: str
    keys: tuple[str, ...]
    expiry: str
    names: Names
    settings: StackSettings
    indexes: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """Every attribute that is a key of the table or of an index: DynamoDB wants these defined and no others."""
        return tuple(dict.fromkeys((*self.keys, *self.indexes.values(), *([CREATED] if self.indexes else []))))


def collection_table(collection: Collection, names: Names, settings: StackSettings) -> TableArgs:
    """A collection's table: the owner is the partition key, the item's id the sort key."""
    return TableArgs(
        name=collection.name,
        keys=(PARTITION_KEY, SORT_KEY),
        expiry=EXPIRY,
        indexes=collection.indexes,
        names=names,
        settings=settings,
    )


def revocations_table(names: Names, settings: StackSettings) -> TableArgs:
    """The list of revoked tokens. It is protected as data is: without it, what was revoked would count again."""
    return TableArgs(
        name=REVOCATIONS,
        keys=(authorizer.revocation.entries.KEY,),
        expiry=authorizer.revocation.entries.EXPIRY,
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
            tags=args.settings.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        self.name = self.table.name
        self.arn = self.table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def key_schemas(partition_key: str) -> list[aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs]:
    """An index's keys: its partition key, then the time of creation, which puts its items in order."""
    return [
        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=name, key_type=kind)
        for name, kind in ((partition_key, "HASH"), (CREATED, "RANGE"))
    ]
