"""CloudWatch: log groups, dashboards, and alarms with the SNS topics that they notify."""

from typing import Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen, in_camel_case, tags_of
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags


def _configure_retention(given: Properties) -> Step:
    days = int(given.pop("retentionInDays", 0))

    def apply(call: Call) -> Document:
        _set_retention(call.connection, call.parameters["logGroupName"], days)
        return {}

    return apply


def _set_retention(connection: Connection, group: str, days: int) -> None:
    client = connection.client("logs")
    if days:
        client.put_retention_policy(logGroupName=group, retentionInDays=days)
    else:  # events never expire
        client.delete_retention_policy(logGroupName=group)


def _update_retention(connection: Connection, state: State, given: Properties) -> None:
    _set_retention(connection, state.id, int(given.pop("retentionInDays", 0)))


def _read_log_group(connection: Connection, state: State) -> Live | None:
    client, arn = connection.client("logs"), _log_group_arn(connection, state.id)
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=state.id)
    for group in (group for page in pages for group in page["logGroups"] if group["logGroupName"] == state.id):
        found = client.list_tags_for_resource(resourceArn=arn).get("tags")
        inputs = {"name": state.id, "retentionInDays": group.get("retentionInDays", 0), "tags": found}
        return Live(inputs=inputs, outputs={"arn": arn})
    return None


def _log_group_arn(connection: Connection, name: str) -> str:
    return connection.arn("logs", f"log-group:{name}")


def _alarm_arn(connection: Connection, name: str) -> str:
    return connection.arn("cloudwatch", f"alarm:{name}")


def _read_alarm(connection: Connection, state: State) -> Live | None:
    for alarm in connection.client("cloudwatch").describe_alarms(AlarmNames=[state.id])["MetricAlarms"]:
        described = in_camel_case(alarm)
        dimensions = {each["name"]: each["value"] for each in described.pop("dimensions", ())}
        inputs = {name: described[name] for name in state.inputs if name in described}
        return Live(inputs=inputs | {"name": state.id, "dimensions": dimensions})
    return None


def _dashboard_arn(connection: Connection, name: str) -> str:
    """Return the ARN of a dashboard, which contains no region."""
    return f"arn:aws:cloudwatch::{connection.account}:dashboard/{name}"


def _read_dashboard(connection: Connection, state: State) -> Live:
    found = connection.client("cloudwatch").get_dashboard(DashboardName=state.id)
    return Live(inputs={"dashboardName": state.id, "dashboardBody": found["DashboardBody"]})


def _read_topic(connection: Connection, state: State) -> Live:
    client = connection.client("sns")
    attributes = client.get_topic_attributes(TopicArn=state.id)["Attributes"]
    found = tags_of(client.list_tags_for_resource(ResourceArn=state.id)["Tags"])
    name = state.id.rpartition(":")[2]
    return Live(inputs={"name": name, "tags": found, **chosen(attributes, "displayName")}, outputs={"arn": state.id})


TYPES: Final = {
    "aws:cloudwatch/logGroup:LogGroup": ResourceType(
        service="logs",
        operation="CreateLogGroup",
        renames={"logGroupName": "name"},
        name_property="name",
        configure=_configure_retention,
        computed=lambda call: {"arn": _log_group_arn(call.connection, call.parameters["logGroupName"])},
        id="logGroupName",
        replaces=("name",),
        updates=(Update(inputs=("retentionInDays",), apply=_update_retention), tags("logs")),
        read=_read_log_group,
        delete=lambda connection, state: connection.client("logs").delete_log_group(logGroupName=state.id),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ResourceType(
        service="cloudwatch",
        operation="PutMetricAlarm",
        renames={"AlarmName": "name"},
        name_property="name",
        computed=lambda call: {"arn": _alarm_arn(call.connection, call.parameters["AlarmName"])},
        id="AlarmName",
        replaces=("name",),
        overwrites=True,
        read=_read_alarm,
        delete=lambda connection, state: connection.client("cloudwatch").delete_alarms(AlarmNames=[state.id]),
    ),
    "aws:cloudwatch/dashboard:Dashboard": ResourceType(
        service="cloudwatch",
        operation="PutDashboard",
        name_property="dashboardName",
        computed=lambda call: {"dashboardArn": _dashboard_arn(call.connection, call.parameters["DashboardName"])},
        id="DashboardName",
        replaces=("dashboardName",),
        overwrites=True,
        read=_read_dashboard,
        delete=lambda connection, state: connection.client("cloudwatch").delete_dashboards(DashboardNames=[state.id]),
    ),
    "aws:sns/topic:Topic": ResourceType(
        service="sns",
        operation="CreateTopic",
        name_property="name",
        id="TopicArn",
        outputs={"arn": "TopicArn"},
        replaces=("name",),
        updates=(tags("sns"),),
        read=_read_topic,
        delete=lambda connection, state: connection.client("sns").delete_topic(TopicArn=state.id),
    ),
}
