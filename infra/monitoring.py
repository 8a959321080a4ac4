"""Monitoring: alarms and who is notified of them, a dashboard, and saved queries of the logs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import pulumi
from msgspec import Meta

from handlers.contract import FieldError, Route
from infra.alarm_settings import Thresholds
from infra.function_settings import FunctionSettings
from infra.layouts import RouteGroup, grouped
from infra.naming import Names
from infra.notifications import Subscription, TopicArn


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
