"""The alarms of a stack, and a composite alarm of all of them, which alone notifies: one incident is one message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.monitoring.alarm import Alarm
from infra.monitoring.alarm_definitions import alarms
from infra.monitoring.metric import Metric
from infra.monitoring.monitored import Monitored
from infra.monitoring.monitoring_settings import PAGE, MonitoringSettings

MAX_CHILDREN = 100
"""The greatest number of alarms in the rule of a composite alarm (AWS, "PutCompositeAlarm")."""
MAX_RULE = 10_240
"""The greatest length of such a rule, in characters."""

OR = " OR "

INCIDENT = "incident"
"""The name of the alarm that notifies."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """What is monitored, when alarms go off, and the topic that is notified."""

    stack: Monitored
    settings: MonitoringSettings
    topic_arn: pulumi.Input[str]


class Alarms(pulumi.ComponentResource):
    """All alarms of a stack. `arns` are their ARNs, first that of the one which notifies."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Alarms", name, None, opts)
        self.args, self.runbook = args, args.settings.runbook or PAGE
        self.child_opts = pulumi.ResourceOptions(parent=self)
        defined = alarms(args.stack, args.settings.thresholds)
        watching = [self._alarm(each) for each in defined]
        created: list[pulumi.Resource] = list(watching)
        rules = list(_rules([args.stack.names.resource(each.name) for each in defined]))
        if len(rules) > 1:
            parts = {f"{INCIDENT}-{number}": rule for number, rule in enumerate(rules, start=1)}
            created = [self._composite(part, rule, created) for part, rule in parts.items()]
            rules = _rules([args.stack.names.resource(part) for part in parts])
        (rule,) = rules
        self.incident = self._composite(INCIDENT, rule, created, notifies=True)
        self.arns = [self.incident.arn, *(each.arn for each in watching)]
        self.register_outputs({"incident": self.incident.alarm_name})

    def _alarm(self, alarm: Alarm) -> aws.cloudwatch.MetricAlarm:
        args = self.args
        queries = [_query(name, metric, alarm.period) for name, metric in alarm.metrics.items()]
        result = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="result", expression=alarm.expression, label=alarm.subject, return_data=True
        )
        return aws.cloudwatch.MetricAlarm(
            alarm.name,
            name=args.stack.names.resource(alarm.name),
            alarm_description=f"{alarm.subject[0].upper()}{alarm.subject[1:]}. Runbook: {self.runbook}#{alarm.kind}",
            metric_queries=[*queries, result],
            comparison_operator="GreaterThanThreshold" if alarm.exceeds else "GreaterThanOrEqualToThreshold",
            threshold=alarm.threshold,
            evaluation_periods=alarm.count,
            datapoints_to_alarm=alarm.count,
            # Without requests there are no values, and nothing is wrong.
            treat_missing_data="notBreaching",
            opts=self.child_opts,
        )

    def _composite(
        self, name: str, rule: str, children: Sequence[pulumi.Resource], *, notifies: bool = False
    ) -> aws.cloudwatch.CompositeAlarm:
        args = self.args
        actions = [args.topic_arn] if notifies else None
        return aws.cloudwatch.CompositeAlarm(
            name,
            alarm_name=args.stack.names.resource(name),
            alarm_description=f"An alarm of {args.stack.names.stack} is in ALARM state. Runbook: {self.runbook}",
            alarm_rule=rule,
            alarm_actions=actions,
            ok_actions=actions if args.settings.notify_recovery else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(children)),
        )


def _rules(names: Sequence[str]) -> Iterator[str]:
    """Yield the rules of composite alarms for any of these alarms, as few as the limits of a rule allow."""
    terms = [f'ALARM("{name}")' for name in names]
    rule = terms[:1]
    for term in terms[1:]:
        if len(rule) == MAX_CHILDREN or len(OR.join((*rule, term))) > MAX_RULE:
            yield OR.join(rule)
            rule = []
        rule.append(term)
    yield OR.join(rule)


def _query(name: str, metric: Metric, period: int) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=name,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            period=period,
            stat=metric.statistic,
        ),
    )
