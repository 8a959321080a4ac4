"""Alarms of a running stack: they are deployed with all that they need, and one incident is one message."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from local.deploy import Engine
from local.processes import wait_until
from local.provider import Provider
from local.provider.connection import Connection
from local.running_stack import StackOptions, running_stack
from tests.e2e.conftest import two_free_ports

QUEUE = "on-call"
PREFIX = "gatehouse-local-"


@pytest.fixture(scope="module")
def connection(engine: Engine, flavour: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The emulator's API, with a stack whose alarms notify a queue."""
    monitoring = {"monitoring.enabled": "true", "monitoring.notifyRecovery": "true"}
    subscription = {"protocol": "sqs", "endpoint": f"arn:aws:sqs:us-east-1:000000000000:{QUEUE}"}
    settings = {"api.flavour": flavour, **monitoring, "monitoring.subscriptions": json.dumps([subscription])}
    options = StackOptions(
        root=ROOT, state=tmp_path_factory.mktemp("state"), port=two_free_ports(), engine=engine, settings=settings
    )
    with running_stack(options, lambda _: None, lambda _: None) as stack:
        yield Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account).connection


def alarms(connection: Connection, type_: str = "MetricAlarm") -> dict[str, dict[str, Any]]:
    """Return the alarms by their names without the stack's prefix."""
    pages = connection.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=[type_])
    return {each["AlarmName"].removeprefix(PREFIX): each for page in pages for each in page[f"{type_}s"]}


def queue_of(connection: Connection) -> str:
    """Create the queue of those who are on call, which accepts messages of the stack's topic only; return its URL."""
    (incident,) = alarms(connection, "CompositeAlarm").values()
    allow = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": incident["AlarmActions"][0]}},
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    return connection.client("sqs").create_queue(QueueName=QUEUE, Attributes={"Policy": policy})["QueueUrl"]


def messages(connection: Connection, queue: str, *, expected: int) -> list[dict[str, Any]]:
    """Return the messages in a queue half a second after the expected number has arrived."""
    client, found = connection.client("sqs"), list[dict[str, Any]]()

    def receive() -> bool:
        for each in client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ()):
            found.append(json.loads(json.loads(each["Body"])["Message"]))
            client.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
        return len(found) >= expected

    wait_until(receive, seconds=20)
    time.sleep(0.5)
    receive()
    return found


def put(connection: Connection, alarm: dict[str, Any], values: dict[str, float]) -> None:
    """Record values, by their ids, of the metrics that an alarm evaluates."""
    for query in (each for each in alarm["Metrics"] if each["Id"] in values):
        found = query["MetricStat"]["Metric"]
        now, ones = dt.datetime.now(dt.UTC), values[query["Id"]]
        counted = query["MetricStat"]["Stat"] == "SampleCount"
        data = {"MetricName": found["MetricName"], "Dimensions": found["Dimensions"], "Timestamp": now}
        data |= {"Values": [1.0], "Counts": [ones]} if counted else {"Value": ones}
        connection.client("cloudwatch").put_metric_data(Namespace=found["Namespace"], MetricData=[data])


def test_every_alarm_evaluates_its_expression_and_has_no_action(connection: Connection) -> None:
    found = alarms(connection)
    assert {"api-5xx", "api-latency", "authorizer-errors", "items-read-errors", "items-table-throttles"} <= found.keys()
    for each in found.values():
        assert not each["AlarmActions"]
        assert each["TreatMissingData"] == "notBreaching"
        assert [query for query in each["Metrics"] if query.get("Expression")] == each["Metrics"][-1:]
        assert {query["MetricStat"]["Period"] for query in each["Metrics"][:-1]} <= {60, 300, 900}


def test_the_api_of_the_stack_is_watched(connection: Connection, flavour: str) -> None:
    metric = alarms(connection)["api-5xx"]["Metrics"][0]["MetricStat"]["Metric"]
    if flavour == "rest":
        expected = {"ApiName": f"{PREFIX}api"}
    else:
        (api,) = connection.client("apigatewayv2").get_apis()["Items"]
        expected = {"ApiId": api["ApiId"]}
    assert {each["Name"]: each["Value"] for each in metric["Dimensions"]} == expected | {"Stage": "local"}


def test_the_topic_is_encrypted_and_only_alarms_publish_to_it(connection: Connection) -> None:
    (incident,) = alarms(connection, "CompositeAlarm").values()
    (topic,) = incident["AlarmActions"]
    assert incident["OKActions"] == [topic]
    assert topic.endswith(f":{PREFIX}alarms")
    attributes = connection.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f":alarm:{PREFIX}incident")
    keys = connection.client("kms")
    key = keys.describe_key(KeyId=attributes["KmsMasterKeyId"])["KeyMetadata"]
    assert key["KeyManager"] == "CUSTOMER"
    assert keys.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    policy = json.loads(keys.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
    assert {"Service": "cloudwatch.amazonaws.com"} in [each["Principal"] for each in policy["Statement"]]
    (subscription,) = connection.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"].rpartition(":")[2]) == ("sqs", QUEUE)


def test_one_incident_is_one_message_and_its_end_another(connection: Connection) -> None:
    queue, found = queue_of(connection), alarms(connection)
    put(connection, found["api-5xx"], {"errors": 4, "requests": 4})
    assert alarms(connection)["api-5xx"]["StateValue"] != "ALARM", "four errors are too few"
    assert messages(connection, queue, expected=0) == []
    put(connection, found["api-5xx"], {"errors": 6, "requests": 96})
    put(connection, found["items-read-errors"], {"errors": 10, "requests": 20})
    put(connection, found["items-table-throttles"], {"m0": 50})
    going = {name for name, each in alarms(connection).items() if each["StateValue"] == "ALARM"}
    assert going == {"api-5xx", "items-read-errors", "items-table-throttles"}
    (message,) = messages(connection, queue, expected=1)
    assert message["AlarmName"] == f"{PREFIX}incident"
    assert message["NewStateValue"] == "ALARM"
    for name in sorted(going):
        reset = {"StateValue": "OK", "StateReason": "The incident has ended."}
        connection.client("cloudwatch").set_alarm_state(AlarmName=f"{PREFIX}{name}", **reset)
    (message,) = messages(connection, queue, expected=1)
    assert (message["AlarmName"], message["NewStateValue"]) == (f"{PREFIX}incident", "OK")
