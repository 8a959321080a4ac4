"""DynamoDB tables, with their capacity, their protection and their encryption."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.contract import Collection, Index
from handlers.contract.keys import EXPIRY, PARTITION_KEY, SORT_KEY
from infra.data.data_key import DataKey, DataKeyArgs
from infra.data.data_settings import CapacitySettings, DataSettings
from infra.data.table_scaling import TableScaling, TableScalingArgs, is_provisioned
from infra.naming import Names

NO_LIMIT = -1
"""What removes a maximum throughput (AWS, "DynamoDB maximum throughput for on-demand tables")."""


@dataclass(frozen=True, kw_only=True)
class TableDefaults:
    """What all tables of a stack have in common. `key_arn` is None if AWS owns the key that encrypts them."""

    names: Names
    settings: DataSettings
    key_arn: pulumi.Input[str] | None = None


def table_defaults(names: Names, settings: DataSettings, opts: pulumi.ResourceOptions | None = None) -> TableDefaults:
    """Return what all tables have in common. It creates their key, if the settings require one."""
    key = None
    if settings.encryption == "customer":
        protected = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=settings.protect))
        key = DataKey("data", DataKeyArgs(names=names), protected).arn
    return TableDefaults(names=names, settings=settings, key_arn=key)


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """The keys of a table: `keys` are the partition key and, optionally, the sort key.

    `indexes` are the global secondary indexes, and `numbers` those of all keys that are numbers; others are strings.
    `expiry` is the attribute (seconds since 1970) after which DynamoDB may delete an item.
    """

    keys: tuple[str, ...]
    expiry: str
    defaults: TableDefaults
    indexes: Sequence[Index] = ()
    numbers: Sequence[str] = ()

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """Every key attribute of the table and its indexes: DynamoDB requires definitions of these and no others."""
        partition_keys = (index.partition_key for index in self.indexes)
        return tuple(dict.fromkeys((*self.keys, *partition_keys, *(index.order for index in self.indexes))))


def collection_table(collection: Collection, defaults: TableDefaults) -> TableArgs:
    """Return a collection's table: its partition key is the owner, its sort key the item's id."""
    return TableArgs(
        keys=(PARTITION_KEY, SORT_KEY),
        expiry=EXPIRY,
        indexes=collection.indexes,
        numbers=collection.number_ranges,
        defaults=defaults,
    )


class Table(pulumi.ComponentResource):
    """An encrypted DynamoDB table, protected and scaled if the stack's settings say so."""

    def __init__(self, name: str, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:data:Table", name, None, opts)
        settings = args.defaults.settings
        capacity = settings.capacity_of(name)
        name_in_aws = args.defaults.names.resource(name)
        ignored = ignored_changes(name_in_aws, capacity, pulumi.InvokeOptions(parent=self))
        table = aws.dynamodb.Table(
            name,
            name=name_in_aws,
            billing_mode="PROVISIONED" if capacity.is_provisioned else "PAY_PER_REQUEST",
            hash_key=args.keys[0],
            range_key=args.keys[1] if len(args.keys) > 1 else None,
            attributes=[
                aws.dynamodb.TableAttributeArgs(name=key, type="N" if key in args.numbers else "S")
                for key in args.key_attributes
            ],
            global_secondary_indexes=[
                aws.dynamodb.TableGlobalSecondaryIndexArgs(
                    name=index.name, key_schemas=key_schemas(index), projection_type="ALL", **throughput(capacity)
                )
                for index in args.indexes
            ],
            ttl=aws.dynamodb.TableTtlArgs(attribute_name=args.expiry, enabled=True),
            deletion_protection_enabled=settings.is_deletion_protected,
            point_in_time_recovery=recovery(settings),
            server_side_encryption=encryption(args.defaults),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect, ignore_changes=ignored or None),
            **throughput(capacity),
        )
        if any(units.is_scaled for units in capacity.by_kind.values()):
            scaling = TableScalingArgs(
                table=table.name, indexes=[index.name for index in args.indexes], capacity=capacity
            )
            TableScaling(name, scaling, pulumi.ResourceOptions(parent=self))
        self.name = table.name
        self.arn = table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def key_schemas(index: Index) -> list[aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs]:
    """Return an index's keys: its partition key, then the field by which its items are sorted."""
    return [
        aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=name, key_type=kind)
        for name, kind in ((index.partition_key, "HASH"), (index.order, "RANGE"))
    ]


def throughput(capacity: CapacitySettings) -> dict[str, Any]:
    """Return the properties of a table or an index with its provisioned capacity, or its limits on demand."""
    if capacity.is_provisioned:
        return {f"{kind}_capacity": units.minimum for kind, units in capacity.by_kind.items()}
    limits = {
        f"max_{kind}_request_units": units.maximum or NO_LIMIT
        for kind, units in capacity.by_kind.items()
        if units.maximum is not None
    }
    return {"on_demand_throughput": limits} if limits else {}


def ignored_changes(table: str, capacity: CapacitySettings, opts: pulumi.InvokeOptions) -> list[str]:
    """Return the paths of the capacities that Application Auto Scaling changes and Pulumi must not change back.

    They are not ignored where the table is on demand: it has none, and would become one with a single unit.
    """
    properties = [f"{kind}Capacity" for kind, units in capacity.by_kind.items() if units.is_scaled]
    if not properties or not is_provisioned(table, opts):
        return []
    return [path for name in properties for path in (name, f"globalSecondaryIndexes[*].{name}")]


def recovery(settings: DataSettings) -> aws.dynamodb.TablePointInTimeRecoveryArgs:
    """Return the point-in-time recovery. DynamoDB keeps a period that is no longer set, so it is always set."""
    days = settings.recovery_period
    return aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=days > 0, recovery_period_in_days=days or None)


def encryption(defaults: TableDefaults) -> aws.dynamodb.TableServerSideEncryptionArgs:
    """Return the encryption. A table keeps a key that is no longer set, so the one that AWS owns is set as well."""
    return aws.dynamodb.TableServerSideEncryptionArgs(
        enabled=defaults.key_arn is not None, kms_key_arn=defaults.key_arn
    )
