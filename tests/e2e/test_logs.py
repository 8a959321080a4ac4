"""The log lines of a request share an id, and the log level filters lines but keeps errors and metrics."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.packaging.bundles import ROOT
from local.deploy import Engine
from local.provider import Provider
from local.running_stack import StackOptions, running_stack
from tests.e2e.conftest import Client, two_free_ports


def provider(client: Client) -> Provider:
    return Provider(client.stack.emulator.endpoint_url, account=client.stack.emulator.options.account)


def lines(client: Client, function: str) -> list[dict[str, Any]]:
    """Return the JSON lines that a function has logged."""
    prefix = f"gatehouse-local-{function} | {{"
    return [
        json.loads(line.removeprefix(prefix[:-1]))
        for line in client.function_logs().splitlines()
        if line.startswith(prefix)
    ]


def of_request(client: Client, found: list[dict[str, Any]], answer: httpx.Response) -> dict[str, Any]:
    """Return the only line of the request with this response."""
    (line,) = (line for line in found if line.get("request_id") == client.request_id(answer))
    return line


def access_line(client: Client, answer: httpx.Response) -> dict[str, Any]:
    logs = provider(client).connection.client("logs")
    events = logs.filter_log_events(logGroupName="/aws/apigateway/gatehouse-local-access")["events"]
    return of_request(client, [json.loads(event["message"]) for event in events], answer)


def decision_line(client: Client, decision_id: str) -> dict[str, Any]:
    (line,) = (line for line in lines(client, "authorizer") if line.get("decision_id") == decision_id)
    return line


def assert_invocation(client: Client, access: dict[str, Any], invocation: str) -> None:
    """Check the id of the authorizer's invocation, which is not in the access log of an HTTP API."""
    assert access.get("authorizer_request_id") == (invocation if client.flavour == "rest" else None)


def test_all_lines_of_an_allowed_request_share_an_id(client: Client) -> None:
    answer = client.call("GET", "/items", client.token(str(uuid.uuid4())))
    assert answer.status_code == 200
    access = access_line(client, answer)
    decision_id = access["decision_id"]
    assert uuid.UUID(decision_id)
    assert decision_line(client, decision_id)["outcome"] == "allow"
    assert of_request(client, lines(client, "items-list"), answer)["decision_id"] == decision_id
    assert_invocation(client, access, decision_id)


def test_a_request_with_a_cached_policy_has_the_id_of_the_original_decision(client: Client) -> None:
    token = client.token(str(uuid.uuid4()))
    first, second = (client.call("GET", "/items", token) for _ in range(2))
    decision_id = access_line(client, first)["decision_id"]
    assert decision_line(client, decision_id)["outcome"] == "allow"
    cached = access_line(client, second)
    assert cached["decision_id"] == decision_id
    assert_invocation(client, cached, "-")
    assert of_request(client, lines(client, "items-list"), second)["decision_id"] == decision_id


def test_the_lines_of_a_denied_request_share_an_id(client: Client) -> None:
    answer = client.call("GET", "/items", client.token(str(uuid.uuid4()), scope=""))
    assert answer.status_code == 403
    access = access_line(client, answer)
    assert decision_line(client, access["decision_id"])["outcome"] == "deny"
    assert_invocation(client, access, access["decision_id"])


@pytest.mark.rest_only("the access log of an HTTP API has no id of the authorizer's invocation")
def test_the_access_log_contains_the_authorizers_invocation_id_for_a_401(client: Client) -> None:
    answer = client.call("GET", "/items", client.token(ttl=-5))
    assert answer.status_code == 401
    access = access_line(client, answer)
    assert access["decision_id"] == "-"
    assert decision_line(client, access["authorizer_request_id"])["reason"] == "expired"


@pytest.fixture
def client_at_warn(engine: Engine, tmp_path: Path) -> Iterator[Client]:
    settings = {"logs": {"level": "WARN"}}
    options = StackOptions(root=ROOT, state=tmp_path, port=two_free_ports(), engine=engine, settings=settings)
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        yield Client(stack, http)


def test_at_warn_errors_and_decisions_are_logged_and_requests_are_not(client_at_warn: Client) -> None:
    client = client_at_warn
    token = client.token()
    assert client.call("GET", "/items", token).status_code == 200
    iam = provider(client).connection.client("iam")
    iam.delete_role_policy(RoleName="gatehouse-local-items-list", PolicyName="function")
    assert client.call("GET", "/items", token).status_code == 500
    assert [line["level"] for line in lines(client, "items-list")] == ["ERROR"]
    (decision,) = lines(client, "authorizer")
    assert (decision["level"], decision["outcome"]) == ("INFO", "allow")
    assert decision["_aws"]["CloudWatchMetrics"]
