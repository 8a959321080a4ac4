"""CloudWatch: log groups, saved queries of logs, and dashboards."""

from typing import Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_QUERY: Final = ("name", "queryString", "logGroupNames")
"""The inputs of a saved query."""


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


def _update_query(connection: Connection, state: State, given: Properties) -> None:
    parameters = given.pop_many(*_QUERY)
    connection.client("logs").put_query_definition(queryDefinitionId=state.id, **parameters)


def _read_query(connection: Connection, state: State) -> Live | None:
    for query in connection.client("logs").describe_query_definitions()["queryDefinitions"]:
        if query["queryDefinitionId"] == state.id:
            return Live(inputs=chosen(query, *_QUERY), outputs={"queryDefinitionId": state.id})
    return None


def _delete_query(connection: Connection, state: State) -> None:
    connection.client("logs").delete_query_definition(queryDefinitionId=state.id)


def _dashboard_arn(connection: Connection, name: str) -> str:
    """Return the ARN of a dashboard, which contains no region."""
    return f"arn:aws:cloudwatch::{connection.account}:dashboard/{name}"


def _read_dashboard(connection: Connection, state: State) -> Live:
    found = connection.client("cloudwatch").get_dashboard(DashboardName=state.id)
    return Live(inputs={"dashboardName": state.id, "dashboardBody": found["DashboardBody"]})


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
    "aws:cloudwatch/queryDefinition:QueryDefinition": ResourceType(
        service="logs",
        operation="PutQueryDefinition",
        id="queryDefinitionId",
        outputs={"queryDefinitionId": "queryDefinitionId"},
        updates=(Update(inputs=_QUERY, apply=_update_query),),
        read=_read_query,
        delete=_delete_query,
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
}
