"""Monitoring: alarms and who is notified of them, a dashboard, and saved queries of the logs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
import pulumi
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError, Route
from handlers.metrics import MetricSettings
from infra.alarm_settings import Thresholds
from infra.function_settings import FunctionSettings
from infra.layouts import RouteGroup, grouped
from infra.naming import Names
from infra.notifications import Subscription, TopicArn

RunbookUrl = Annotated[
    str,
    Meta(
        pattern=r"^https://[^\s()\[\]]{1,1000}(?![\s\S])",
        extra={REQUIREMENT: "an https URL without spaces, parentheses and brackets"},
    ),
]

METRICS_BY: Final = {"none": (), "operation": ("operation",), "route": ("collection", "operation")}
"""The dimensions of the handlers' metrics, besides those of the stack."""


class MonitoringSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Alarms, a dashboard and saved queries of the logs."""

    enabled: Annotated[bool, Meta(description="Whether the stack has alarms, a dashboard and saved queries.")] = False
    subscriptions: Annotated[tuple[Subscription, ...], Meta(description="Who is notified of alarms.")] = ()
    topic_arn: Annotated[
        TopicArn | None, Meta(description="An SNS topic that is notified instead of one that the stack creates.")
    ] = None
    notify_recovery: Annotated[
        bool, Meta(description="Whether there is a second message when an incident has ended.")
    ] = False
    handler_metrics: Annotated[
        Literal["none", "operation", "route"],
        Meta(
            description="What the handlers' metrics, each of which is billed, are by: `route` (a collection's "
            "operation) or `operation` (of all collections together); `none` switches them off."
        ),
    ] = "route"
    runbook: Annotated[RunbookUrl | None, Meta(description="A page that the dashboard links to.")] = None
    thresholds: Annotated[Thresholds, Meta(description="When alarms ring.")] = Thresholds()

    def metrics(self, names: Names) -> MetricSettings | None:
        """Return the handlers' metrics, or None if they are off."""
        by = METRICS_BY[self.handler_metrics] if self.enabled else None
        return MetricSettings(project=names.project, stack=names.stack, by=by) if by else None

    def problems(self, *, logs_decisions: bool) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        if self.enabled and not logs_decisions:
            yield FieldError("monitoring.enabled", "needs logs.decisions, whose lines carry the metrics", found=True)
        if self.topic_arn is not None and self.subscriptions:
            yield FieldError("monitoring.subscriptions", "must not be combined with topicArn; subscribe to that topic")
        for index, each in enumerate(self.subscriptions):
            key = f"monitoring.subscriptions[{index}]"
            yield from each.problems(key)
            if each in self.subscriptions[:index]:
                yield FieldError(key, "must not be that of another subscription")


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What is monitored: the API's stage, the functions and tables of its routes, and the authorizer.

    `api_id` and `stage_name` are those of the API; `has_denylist` says whether the authorizer reads one.
    """

    names: Names
    settings: MonitoringSettings
    routes: Sequence[Route]
    functions: FunctionSettings
    flavour: str
    api_id: pulumi.Input[str]
    stage_name: pulumi.Input[str]
    has_denylist: bool

    @property
    def groups(self) -> list[RouteGroup]:
        """The functions behind the routes."""
        return grouped(self.routes, self.functions.layout)


class Monitoring(pulumi.ComponentResource):
    """The alarms, dashboard and saved queries of a stack."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Monitoring", name, None, opts)
        self.args = args
        self.child_opts = pulumi.ResourceOptions(parent=self)
        self.register_outputs({})
