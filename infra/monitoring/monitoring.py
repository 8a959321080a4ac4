"""Monitoring: alarms and who is notified of them, a dashboard, and saved queries."""

from dataclasses import dataclass

import pulumi

from infra.monitoring.alarms import Alarms, AlarmsArgs
from infra.monitoring.dashboard import Dashboard, DashboardArgs
from infra.monitoring.log_queries import LogQueries
from infra.monitoring.monitored import Monitored
from infra.monitoring.monitoring_settings import MonitoringSettings
from infra.monitoring.notifications import Notifications, NotificationsArgs


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What is monitored, and how."""

    stack: Monitored
    settings: MonitoringSettings


class Monitoring(pulumi.ComponentResource):
    """The alarms of a stack, who is notified of them, its dashboard, and saved queries of its logs."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Monitoring", name, None, opts)
        stack, settings, child_opts = args.stack, args.settings, pulumi.ResourceOptions(parent=self)
        topic_arn: pulumi.Input[str] | None = settings.topic_arn
        if topic_arn is None:
            subscribers = NotificationsArgs(names=stack.names, subscriptions=settings.subscriptions)
            topic_arn = Notifications("alarms", subscribers, child_opts).topic_arn
        alarms = Alarms("alarms", AlarmsArgs(stack=stack, settings=settings, topic_arn=topic_arn), child_opts)
        Dashboard("dashboard", DashboardArgs(stack=stack, settings=settings, alarms=alarms.arns), child_opts)
        LogQueries("queries", stack, child_opts)
        self.register_outputs({"topic_arn": topic_arn})
