"""CloudWatch alarms: of metrics, of expressions of metrics, and of other alarms."""

from typing import Any, Final, cast

from local.provider.connection import Connection
from local.provider.live import Live, in_camel_case, tags_of
from local.provider.properties import Properties
from local.provider.resource_type import ResourceType
from local.provider.state import Document, State
from local.provider.tags import tags


def _arn(connection: Connection, name: str) -> str:
    return connection.arn("cloudwatch", f"alarm:{name}")


def _to_queries(given: Properties) -> Document:
    """Return the parameter `Metrics`: a query has an expression, or a metric with its statistic and period."""
    return (
        {"Metrics": [_to_query(each) for each in given.pop_objects("metricQueries")]}
        if "metricQueries" in given
        else {}
    )


def _to_query(given: Properties) -> Document:
    query = {name[:1].upper() + name[1:]: value for name, value in given.pop_many("id", "expression", "label").items()}
    query["ReturnData"] = bool(given.pop("returnData", False))
    if "metric" in given:
        metric = given.pop_object("metric")
        pairs = cast("dict[str, str]", metric.pop("dimensions") or {})
        dimensions = [{"Name": name, "Value": value} for name, value in pairs.items()]
        named = {"Namespace": metric.pop("namespace"), "MetricName": metric.pop("metricName"), "Dimensions": dimensions}
        query["MetricStat"] = {"Metric": named, "Period": int(metric.pop("period")), "Stat": metric.pop("stat")}
    return query


def _from_query(described: Document) -> Document:
    query = {name: described[name] for name in ("id", "expression", "label") if name in described}
    if described.get("returnData"):
        query["returnData"] = True
    if found := described.get("metricStat"):
        metric = found["metric"]
        dimensions = {each["name"]: each["value"] for each in metric.get("dimensions", ())}
        own = {"namespace": metric["namespace"], "metricName": metric["metricName"]}
        query["metric"] = {**own, "period": found["period"], "stat": found["stat"]}
        query["metric"] |= {"dimensions": dimensions} if dimensions else {}
    return query


def _read_alarm(connection: Connection, state: State) -> Live | None:
    for alarm in connection.client("cloudwatch").describe_alarms(AlarmNames=[state.id])["MetricAlarms"]:
        described = in_camel_case(alarm)
        dimensions = {each["name"]: each["value"] for each in described.pop("dimensions", ())}
        queries = [_from_query(each) for each in described.pop("metrics", None) or ()]
        inputs = {name: described[name] for name in state.inputs if name in described} | {"name": state.id}
        return _live(connection, state, {**inputs, "dimensions": dimensions, "metricQueries": queries})
    return None


def _read_composite(connection: Connection, state: State) -> Live | None:
    found = connection.client("cloudwatch").describe_alarms(AlarmNames=[state.id], AlarmTypes=["CompositeAlarm"])
    for alarm in found["CompositeAlarms"]:
        described = in_camel_case(alarm) | {"okActions": alarm.get("OKActions", [])}
        return _live(connection, state, {name: described[name] for name in state.inputs if name in described})
    return None


def _live(connection: Connection, state: State, inputs: dict[str, Any]) -> Live:
    arn = _arn(connection, state.id)
    found = tags_of(connection.client("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"])
    return Live(inputs={**inputs, "tags": found}, outputs={"arn": arn})


def _delete(connection: Connection, state: State) -> None:
    connection.client("cloudwatch").delete_alarms(AlarmNames=[state.id])


TYPES: Final = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": ResourceType(
        service="cloudwatch",
        operation="PutMetricAlarm",
        renames={"AlarmName": "name"},
        name_property="name",
        convert=_to_queries,
        computed=lambda call: {"arn": _arn(call.connection, call.parameters["AlarmName"])},
        id="AlarmName",
        replaces=("name",),
        overwrites=True,
        updates=(tags("cloudwatch"),),
        read=_read_alarm,
        delete=_delete,
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ResourceType(
        service="cloudwatch",
        operation="PutCompositeAlarm",
        computed=lambda call: {"arn": _arn(call.connection, call.parameters["AlarmName"])},
        id="AlarmName",
        replaces=("alarmName",),
        overwrites=True,
        updates=(tags("cloudwatch"),),
        read=_read_composite,
        delete=_delete,
    ),
}
