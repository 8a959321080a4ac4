"""The log lines of a request are as long as docs/cost.md states. CloudWatch charges for their bytes."""

import json
import uuid

import msgspec
import pytest

from handlers.metrics import Metrics, MetricSettings
from infra.monitoring.monitoring_settings import METRICS_BY
from tests.docs.cost import column
from tests.e2e.conftest import Client
from tests.e2e.test_logs import provider

TOLERANCE = 25
"""Bytes by which a line may differ: names, durations and ids have no fixed length."""


def only_line(text: str, request_id: str) -> bytes:
    """Return the only line that has this id, from its first brace."""
    (line,) = (each for each in text.splitlines() if f'"{request_id}"' in each)
    return line[line.index("{") :].encode()


def lines(client: Client, function: str) -> str:
    prefix = f"gatehouse-local-{function} | "
    return "\n".join(each for each in client.function_logs().splitlines() if each.startswith(prefix))


def test_the_lines_of_a_request_have_the_stated_sizes(client: Client) -> None:
    stated = column("logs", int(client.flavour == "http"))
    answer = client.call("GET", "/items", client.token(str(uuid.uuid4())))
    request_id = client.request_id(answer)
    logs = provider(client).connection.client("logs")
    events = logs.filter_log_events(logGroupName="/aws/apigateway/gatehouse-local-access")["events"]
    access = only_line("\n".join(each["message"] for each in events), request_id)
    decision = only_line(lines(client, "authorizer"), json.loads(access)["decision_id"])
    found = {
        "access_bytes": len(access),
        "handler_bytes": len(only_line(lines(client, "items-list"), request_id)),
        "decision_bytes": len(decision),
    }
    assert found == {name: pytest.approx(stated[name], abs=TOLERANCE) for name in found}


def test_metrics_make_a_line_longer_as_stated() -> None:
    metrics = Metrics(MetricSettings("gatehouse", "prod", METRICS_BY["route"])).members(12.34, failed=False)
    assert len(msgspec.json.encode(metrics)) == pytest.approx(column("logs")["handler_metrics_bytes"], abs=TOLERANCE)
