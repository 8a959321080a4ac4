"""Monitoring: alarms and who is notified of them, a dashboard, and saved queries of the logs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec
import pulumi
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError
from infra.alarm_settings import Thresholds
from infra.alarms import Alarms, AlarmsArgs
from infra.monitored import Monitored
from infra.notifications import Notifications, NotificationsArgs, Subscription, TopicArn

Runbook = Annotated[
    str, Meta(pattern=r"^[!-~]{1,200}(?![\s\S])", extra={REQUIREMENT: "a URL or path, 1 to 200 characters"})
]


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
    runbook: Annotated[
        Runbook,
        Meta(description="Where the page on monitoring is, which the alarms' descriptions name: a URL or path."),
    ] = "docs/monitoring.md"
    thresholds: Annotated[Thresholds, Meta(description="When alarms ring.")] = Thresholds()

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
    """The alarms of a stack and who is notified of them, its dashboard, and saved queries of its logs."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Monitoring", name, None, opts)
        stack, settings, child_opts = args.stack, args.settings, pulumi.ResourceOptions(parent=self)
        topic_arn: pulumi.Input[str] | None = settings.topic_arn
        if topic_arn is None:
            subscribers = NotificationsArgs(names=stack.names, subscriptions=settings.subscriptions)
            topic_arn = Notifications("alarms", subscribers, child_opts).topic_arn
        ringing = AlarmsArgs(
            stack=stack,
            thresholds=settings.thresholds,
            topic_arn=topic_arn,
            notify_recovery=settings.notify_recovery,
            runbook=settings.runbook,
        )
        Alarms("alarms", ringing, child_opts)
        self.register_outputs({"topic_arn": topic_arn})
