"""Monitoring: alarms and who is notified of them, and a dashboard."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
import pulumi
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError
from handlers.metrics import MetricSettings
from infra.monitoring.alarm import Thresholds
from infra.monitoring.alarms import Alarms, AlarmsArgs
from infra.monitoring.dashboard import Dashboard, DashboardArgs
from infra.monitoring.log_queries import LogQueries
from infra.monitoring.monitored import Monitored
from infra.monitoring.notifications import Notifications, NotificationsArgs, Subscription, TopicArn
from infra.naming import Names

RunbookUrl = Annotated[
    str,
    Meta(
        pattern=r"^https://[^\s()\[\]]{1,700}(?![\s\S])",
        extra={REQUIREMENT: "an https URL of at most 708 characters, without spaces, parentheses and brackets"},
    ),
]
"""A URL that fits into an alarm's description, of 1,024 characters (AWS, "PutMetricAlarm")."""

PAGE: Final = "docs/monitoring.md"
"""The page with a section for each kind of alarm."""

METRICS_BY: Final = {"none": (), "operation": ("operation",), "route": ("collection", "operation")}
"""The dimensions of the handlers' metrics, besides those of the stack."""


class MonitoringSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Alarms, metrics of the handlers, and a dashboard."""

    enabled: Annotated[
        bool, Meta(description="Whether the stack has alarms, metrics of the handlers, and a dashboard.")
    ] = False
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
    runbook: Annotated[
        RunbookUrl | None,
        Meta(description="Your copy of the page docs/monitoring.md, to which alarms and the dashboard link."),
    ] = None
    thresholds: Annotated[Thresholds, Meta(description="When alarms go off.")] = Thresholds()

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
    """What is monitored, and how."""

    stack: Monitored
    settings: MonitoringSettings


class Monitoring(pulumi.ComponentResource):
    """The alarms of a stack, who is notified of them, and its dashboard."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Monitoring", name, None, opts)
        stack, settings, child_opts = args.stack, args.settings, pulumi.ResourceOptions(parent=self)
        topic_arn: pulumi.Input[str] | None = settings.topic_arn
        if topic_arn is None:
            subscribers = NotificationsArgs(names=stack.names, subscriptions=settings.subscriptions)
            topic_arn = Notifications("alarms", subscribers, child_opts).topic_arn
        watching = AlarmsArgs(
            stack=stack,
            thresholds=settings.thresholds,
            topic_arn=topic_arn,
            notify_recovery=settings.notify_recovery,
            runbook=settings.runbook or PAGE,
        )
        alarms = Alarms("alarms", watching, child_opts)
        shown = DashboardArgs(
            stack=stack, alarms=alarms.arns, metrics=settings.metrics(stack.names), runbook=settings.runbook
        )
        Dashboard("dashboard", shown, child_opts)
        LogQueries("queries", stack, child_opts)
        self.register_outputs({"topic_arn": topic_arn})
