"""CloudWatch: log groups, and alarms with the SNS topics that they notify."""

from typing import Final

from local.provider.properties import Properties
from local.provider.resource_type import Call, Document, ResourceType, Step


def _set_retention(given: Properties) -> Step:
    days = int(given.pop("retentionInDays", 0))

    def apply(call: Call) -> Document:
        if days:  # 0: events never expire
            client, group = call.connection.client("logs"), call.parameters["logGroupName"]
            client.put_retention_policy(logGroupName=group, retentionInDays=days)
        return {}

    return apply


TYPES: Final = {
    "aws:cloudwatch/logGroup:LogGroup": ResourceType(
        service="logs",
        operation="CreateLogGroup",
        renames={"logGroupName": "name"},
        name_property="name",
        configure=_set_retention,
        computed=lambda call: {"arn": call.connection.arn("logs", f"log-group:{call.parameters['logGroupName']}")},
        id="logGroupName",
        ignored=("skipDestroy",),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ResourceType(
        service="cloudwatch",
        operation="PutMetricAlarm",
        renames={"AlarmName": "name"},
        name_property="name",
        computed=lambda call: {"arn": call.connection.arn("cloudwatch", f"alarm:{call.parameters['AlarmName']}")},
        id="AlarmName",
    ),
    "aws:sns/topic:Topic": ResourceType(
        service="sns", operation="CreateTopic", name_property="name", id="TopicArn", outputs={"arn": "TopicArn"}
    ),
}
