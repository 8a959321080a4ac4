"""Rules about alarms: what has one, which metrics they evaluate, and who is notified by whom."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from authorizer import log
from infra.naming import REVOCATIONS
from local.emulator.metric_math import evaluate
from local.engine import Resource
from local.plans.architecture import Architecture, statements, texts
from local.provider.example import ACCOUNT

ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE: Final = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD: Final = "aws:cloudwatch/dashboard:Dashboard"
TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"

Key = tuple[str, str, frozenset[tuple[str, str]]]
"""A metric: namespace, name and dimensions."""

REST: Final = frozenset({"ApiName", "Stage"})
HTTP: Final = frozenset({"ApiId", "Stage"})
FUNCTION: Final = frozenset({"FunctionName"})
TABLE: Final = frozenset({"TableName"})
INDEX: Final = TABLE | {"GlobalSecondaryIndexName"}

AWS: Final[Mapping[tuple[str, str], tuple[frozenset[str], ...]]] = {
    ("AWS/ApiGateway", "5XXError"): (REST,), ("AWS/ApiGateway", "5xx"): (HTTP,),
    ("AWS/ApiGateway", "Count"): (REST, HTTP), ("AWS/ApiGateway", "Latency"): (REST, HTTP),
    ("AWS/Lambda", "Errors"): (FUNCTION,), ("AWS/Lambda", "Invocations"): (FUNCTION,),
    ("AWS/Lambda", "Throttles"): (FUNCTION,), ("AWS/Lambda", "Duration"): (FUNCTION,),
    ("AWS/Lambda", "ConcurrentExecutions"): (FUNCTION,), ("AWS/Lambda", "ClaimedAccountConcurrency"): (frozenset(),),
    ("AWS/DynamoDB", "ReadThrottleEvents"): (TABLE, INDEX), ("AWS/DynamoDB", "WriteThrottleEvents"): (TABLE, INDEX),
    ("AWS/DynamoDB", "SystemErrors"): (TABLE | {"Operation"},),
}  # fmt: skip
"""The metrics of AWS that alarms may evaluate, with the names of their dimensions, from the services' lists."""

OWN: Final = {
    (directive["Namespace"], metric["Name"]): tuple(frozenset(each) for each in directive["Dimensions"])
    for directive in json.loads(bytes(log.Metadata(0).directives))
    for metric in directive["Metrics"]
}
"""The metrics of the authorizer's log lines."""


def every_function_table_and_api_has_its_alarms(plan: Architecture) -> Iterator[str]:
    if plan.deployment.of_type(DASHBOARD):
        found = {metric for alarm in plan.deployment.of_type(ALARM) for metric in _metrics(alarm)}
        yield from (f"{each} is in no alarm" for each in sorted(map(str, set(_watched(plan)) - found)))


def alarms_evaluate_metrics_that_exist(plan: Architecture) -> Iterator[str]:
    names = {*plan.functions, *(each.inputs["name"] for each in plan.deployment.of_type("aws:dynamodb/table:Table"))}
    for alarm in plan.deployment.of_type(ALARM):
        for namespace, name, dimensions in _metrics(alarm):
            if frozenset(dict(dimensions)) not in {**AWS, **OWN}.get((namespace, name), ()):
                yield f"{alarm.name}: {namespace} {name} {dimensions}"
            for key, value in dimensions:
                if key in ("FunctionName", "TableName") and value not in names:
                    yield f"{alarm.name}: {value}"


def alarms_keep_the_limits_of_cloudwatch(plan: Architecture) -> Iterator[str]:
    """AWS, "PutMetricAlarm": ten metrics, and a day. Without requests there are no values, and nothing is wrong."""
    for alarm in plan.deployment.of_type(ALARM):
        queries = alarm.inputs["metricQueries"]
        periods = {each["metric"]["period"] for each in queries if "metric" in each}
        results = [each for each in queries if each.get("returnData")]
        whole = max(periods) * alarm.inputs["evaluationPeriods"] <= 24 * 3600 and not any(each % 60 for each in periods)
        if len(queries) - 1 > 10 or len(results) != 1 or len(periods) != 1 or not whole:
            yield f"{alarm.name}: {queries}"
        if alarm.inputs["threshold"] <= 0 or alarm.inputs.get("treatMissingData") != "notBreaching":
            yield f"{alarm.name}: {alarm.inputs['threshold']}, {alarm.inputs.get('treatMissingData')}"
        if len(alarm.inputs["alarmDescription"]) > 1024:
            yield f"{alarm.name}: {alarm.inputs['alarmDescription']}"


def alarms_end_when_there_are_no_requests(plan: Architecture) -> Iterator[str]:
    """Without data, an alarm has the value 0, not its last one. A period of a minute may only get its data later."""
    for alarm in plan.deployment.of_type(ALARM):
        *queries, result = alarm.inputs["metricQueries"]
        value = evaluate(result["expression"], dict.fromkeys(each["id"] for each in queries))
        is_late = queries[0]["metric"]["period"] == 60
        if value != (None if is_late else 0):
            yield f"{alarm.name}: {result['expression']} is {value} without data"


def alarms_of_durations_go_off_before_the_timeout(plan: Architecture) -> Iterator[str]:
    for alarm in plan.deployment.of_type(ALARM):
        for _, name, dimensions in _metrics(alarm):
            if name == "Duration":
                timeout = 1000 * plan.functions[dict(dimensions)["FunctionName"]].inputs["timeout"]
                if alarm.inputs["threshold"] > timeout:
                    yield f"{alarm.name}: {alarm.inputs['threshold']} of {timeout} milliseconds"


def one_alarm_notifies_and_every_other_reaches_it(plan: Architecture) -> Iterator[str]:
    composites = {each.inputs["alarmName"]: each for each in plan.deployment.of_type(COMPOSITE)}
    alarms = {each.inputs["name"]: each for each in plan.deployment.of_type(ALARM)} | composites
    notifying = {name for name, each in alarms.items() if each.inputs.get("alarmActions")}
    if alarms and len(notifying) != 1:
        yield f"{sorted(notifying)} notify"
    reached, new = set[str](), notifying
    while new:
        reached |= new
        rules = [composites[name].inputs["alarmRule"] for name in new if name in composites]
        children = [re.findall(r'ALARM\("([^"]+)"\)', rule) for rule in rules]
        new = {name for each in children for name in each} - reached
        yield from (f"too long: {rule}" for rule in rules if len(rule) > 10_240 or rule.count("ALARM(") > 100)
    yield from (f"{name} is not reached, or does not exist" for name in sorted(alarms.keys() ^ reached))


def only_cloudwatch_for_this_account_publishes_to_an_encrypted_topic(plan: Architecture) -> Iterator[str]:
    keys = {each.outputs["arn"]: each for each in plan.deployment.of_type("aws:kms/key:Key")}
    policies = {each.inputs["arn"]: each for each in plan.deployment.of_type(TOPIC_POLICY)}
    for topic in plan.deployment.of_type(TOPIC):
        arn, key = topic.outputs["arn"], keys.get(topic.inputs.get("kmsMasterKeyId", ""))
        used = statements(key.inputs["policy"]) if key else []
        if not any(_is_alarms(each) and {"kms:Decrypt", "kms:GenerateDataKey"} <= set(each["Action"]) for each in used):
            yield f"{topic.name} is not encrypted with a key that CloudWatch may use"
        allowed = statements(policies[arn].inputs["policy"]) if arn in policies else []
        if not allowed:
            yield f"CloudWatch may not publish to {topic.name}"
        for each in allowed:
            if not _is_alarms(each) or (each["Action"], each["Resource"]) != ("sns:Publish", arn):
                yield f"{topic.name}: {each}"


def _is_alarms(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement is for CloudWatch's alarms of this account and no other."""
    condition = statement.get("Condition", {})
    source = condition.get("ArnEquals", {}).get("aws:SourceArn", "")
    return (
        statement.get("Principal") == {"Service": "cloudwatch.amazonaws.com"}
        and condition.get("StringEquals") == {"aws:SourceAccount": ACCOUNT}
        and re.fullmatch(rf"arn:aws:cloudwatch:[a-z0-9-]+:{ACCOUNT}:alarm:[\w-]+-incident", source) is not None
    )


def _metrics(alarm: Resource) -> Iterator[Key]:
    for query in alarm.inputs["metricQueries"]:
        if metric := query.get("metric"):
            yield metric["namespace"], metric["metricName"], frozenset((metric.get("dimensions") or {}).items())


def _watched(plan: Architecture) -> Iterator[Key]:
    """Yield the metrics that must be in an alarm."""
    for name in plan.functions:
        for metric in ("Errors", "Throttles", "Duration"):
            yield "AWS/Lambda", metric, frozenset({("FunctionName", name)})
    yield "AWS/Lambda", "ClaimedAccountConcurrency", frozenset()
    (api,) = plan.apis
    is_rest = api.type == "aws:apigateway/restApi:RestApi"
    (stage,) = (each for each in plan.deployment.custom if each.type.endswith("/stage:Stage"))
    own = {("ApiName", api.inputs["name"])} if is_rest else {("ApiId", api.id)}
    own |= {("Stage", stage.inputs["stageName" if is_rest else "name"])}
    yield from (("AWS/ApiGateway", name, frozenset(own)) for name in ("5XXError" if is_rest else "5xx", "Latency"))
    tables = plan.deployment.of_type("aws:dynamodb/table:Table")
    stack = frozenset({("project", plan.deployment.project), ("stack", plan.deployment.stack)})
    yield "Gatehouse", "Decisions", stack | {("outcome", "fault")}
    yield "Gatehouse", "KeyFetchFailures", stack
    if any(each.name.endswith(REVOCATIONS) for each in tables):
        yield "Gatehouse", "RevocationFailures", stack
    for table in tables:
        named = ("TableName", table.inputs["name"])
        for operation in _operations(plan, table.outputs["arn"]):
            yield "AWS/DynamoDB", "SystemErrors", frozenset({named, ("Operation", operation)})
        indexes = [
            ("GlobalSecondaryIndexName", each["name"]) for each in table.inputs.get("globalSecondaryIndexes", ())
        ]
        for verb in ("Read", "Write"):
            yield "AWS/DynamoDB", f"{verb}ThrottleEvents", frozenset({named})
            yield from (("AWS/DynamoDB", f"{verb}ThrottleEvents", frozenset({named, index})) for index in indexes)


def _operations(plan: Architecture, table: str) -> Iterator[str]:
    """Yield the calls of DynamoDB that functions may make for a table, without its indexes."""
    for function in plan.functions.values():
        for grant in plan.grants_of(function.inputs["role"].rpartition("/")[2]):
            if table in texts(grant.statement.get("Resource")):
                yield from (each.partition(":")[2] for each in texts(grant.statement["Action"]))
