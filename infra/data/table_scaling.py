"""Auto scaling of a provisioned table and its indexes: Application Auto Scaling keeps the part in use near a target."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.data.data_settings import UTILIZATION, CapacitySettings, Units

SERVICE = "dynamodb"
"""The name of DynamoDB in Application Auto Scaling (AWS, "Amazon DynamoDB and Application Auto Scaling")."""


@dataclass(frozen=True, kw_only=True)
class TableScalingArgs:
    """A table's name in AWS, the names of its indexes, and the range of its capacity and theirs."""

    table: pulumi.Input[str]
    indexes: Sequence[str]
    capacity: CapacitySettings


def is_provisioned(table: str, opts: pulumi.InvokeOptions) -> bool:
    """Return whether a table of this name exists in AWS and has provisioned capacity."""
    if table not in aws.dynamodb.get_tables(opts=opts).names:
        return False
    return aws.dynamodb.get_table(name=table, opts=opts).billing_mode == "PROVISIONED"


class TableScaling(pulumi.ComponentResource):
    """Targets and policies for reads and writes, of the table and of each index."""

    def __init__(self, name: str, args: TableScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:data:TableScaling", name, None, opts)
        for kind, units in args.capacity.by_kind.items():
            if units.is_scaled:
                self._scale(f"{name}-{kind}", pulumi.Output.concat("table/", args.table), "table", kind, units)
                for index in args.indexes:
                    resource = pulumi.Output.concat("table/", args.table, "/index/", index)
                    self._scale(f"{name}-{index}-{kind}", resource, "index", kind, units)
        self.register_outputs({})

    def _scale(self, name: str, resource: pulumi.Input[str], noun: str, kind: str, units: Units) -> None:
        child_opts = pulumi.ResourceOptions(parent=self)
        target = aws.appautoscaling.Target(
            name,
            service_namespace=SERVICE,
            scalable_dimension=f"dynamodb:{noun}:{kind.capitalize()}CapacityUnits",
            resource_id=resource,
            min_capacity=units.minimum or 0,
            max_capacity=units.maximum or 0,
            opts=child_opts,
        )
        aws.appautoscaling.Policy(
            name,
            name=f"{kind}-utilization",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=100 * (units.utilization or UTILIZATION),
                predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type=f"DynamoDB{kind.capitalize()}CapacityUtilization"
                ),
            ),
            opts=child_opts,
        )
