"""Provisioned concurrency of a function's alias: execution environments that are always initialized.

A fixed number is one resource. A range is scaled by Application Auto Scaling, by target tracking and by schedules.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec
import pulumi
import pulumi_aws as aws
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError

SERVICE = "lambda"
DIMENSION = "lambda:function:ProvisionedConcurrency"
METRIC = "LambdaProvisionedConcurrencyUtilization"
"""Names of Application Auto Scaling (AWS, "AWS Lambda and Application Auto Scaling")."""

Cron = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9*?/,#-]+( [A-Za-z0-9*?/,#-]+){5}(?![\s\S])",
        extra={REQUIREMENT: "six fields separated by spaces, such as 0 8 ? * MON-FRI *"},
        description="When it applies, in UTC: minutes, hours, day of month, month, day of week, year.",
    ),
]
ScheduleName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}(?![\s\S])", extra={REQUIREMENT: "1 to 64 letters, digits and hyphens"})
]
Minimum = Annotated[int, Meta(ge=0, le=100_000, description="The least number of initialized environments.")]
Maximum = Annotated[
    int,
    Meta(ge=1, le=100_000, description="The greatest number of initialized environments. More requests start others."),
]


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another range from a point in time."""

    name: Annotated[ScheduleName, Meta(description="The name of the schedule.")]
    cron: Cron
    minimum: Minimum
    maximum: Maximum


class ProvisionedConcurrencySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Initialized execution environments of each function."""

    minimum: Minimum
    maximum: Maximum
    utilization: Annotated[
        float, Meta(ge=0.1, le=0.9, description="The part in use that scaling aims at, if the range has two ends.")
    ] = 0.7
    schedules: Annotated[tuple[Schedule, ...], Meta(description="Other ranges from points in time.")] = ()

    @property
    def is_fixed(self) -> bool:
        """Whether the number never changes, so that nothing has to be scaled."""
        return self.minimum == self.maximum and not self.schedules

    @property
    def most(self) -> int:
        """The greatest number at any time."""
        return max(self.maximum, *(each.maximum for each in self.schedules), 0)

    def problems(self, key: str) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        for place, each in ((key, self), *((f"{key}.schedules[{n}]", each) for n, each in enumerate(self.schedules))):
            if each.minimum > each.maximum:
                yield FieldError(f"{place}.minimum", f"must be at most maximum, {each.maximum}", each.minimum)
        names = [each.name for each in self.schedules]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield FieldError(f"{key}.schedules[{number}].name", "must not be that of another schedule", name)


@dataclass(frozen=True, kw_only=True)
class ProvisionedConcurrencyArgs:
    """The alias of a function, and its settings. `function` is the function's physical name."""

    function: str
    alias: aws.lambda_.Alias
    settings: ProvisionedConcurrencySettings


class ProvisionedConcurrency(pulumi.ComponentResource):
    """The initialized environments of an alias."""

    def __init__(self, name: str, args: ProvisionedConcurrencyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:compute:ProvisionedConcurrency", name, None, opts)
        self.child_opts = pulumi.ResourceOptions(parent=self, depends_on=[args.alias])
        if args.settings.is_fixed:
            aws.lambda_.ProvisionedConcurrencyConfig(
                name,
                function_name=args.function,
                qualifier=args.alias.name,
                provisioned_concurrent_executions=args.settings.minimum,
                opts=self.child_opts,
            )
        else:
            self._scale(name, args)
        self.register_outputs({})

    def _scale(self, name: str, args: ProvisionedConcurrencyArgs) -> None:
        target = aws.appautoscaling.Target(
            name,
            service_namespace=SERVICE,
            scalable_dimension=DIMENSION,
            resource_id=pulumi.Output.concat("function:", args.function, ":", args.alias.name),
            min_capacity=args.settings.minimum,
            max_capacity=args.settings.maximum,
            opts=self.child_opts,
        )
        aws.appautoscaling.Policy(
            name,
            name=args.function,
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=args.settings.utilization,
                predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type=METRIC
                ),
            ),
            opts=self.child_opts,
        )
        for schedule in args.settings.schedules:
            self._schedule(name, args.function, schedule, target)

    def _schedule(self, name: str, function: str, schedule: Schedule, target: aws.appautoscaling.Target) -> None:
        aws.appautoscaling.ScheduledAction(
            f"{name}-{schedule.name}",
            name=f"{function}-{schedule.name}",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            schedule=f"cron({schedule.cron})",
            scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                min_capacity=schedule.minimum, max_capacity=schedule.maximum
            ),
            opts=self.child_opts,
        )
