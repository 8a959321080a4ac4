"""What the logs of a request hold: the lines of its level."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.bundles import ROOT
from local.provider import Provider
from local.up import Plan, stack_up
from tests.e2e.conftest import Client, two_free_ports


def lines(client: Client, function: str) -> list[dict[str, Any]]:
    """The structured lines that a function has logged."""
    prefix = f"gatehouse-local-{function} | {{"
    return [
        json.loads(line.removeprefix(prefix[:-1]))
        for line in client.function_logs().splitlines()
        if line.startswith(prefix)
    ]


@pytest.fixture
def client_at_warn(tmp_path: Path) -> Iterator[Client]:
    plan = Plan(root=ROOT, state=tmp_path, port=two_free_ports(), settings={"logLevel": "WARN"})
    with stack_up(plan, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        yield Client(stack, http)


def test_at_warn_errors_and_decisions_are_logged_and_requests_are_not(client_at_warn: Client) -> None:
    client = client_at_warn
    token = client.token()
    assert client.call("GET", "/items", token).status_code == 200
    provider = Provider(client.stack.emulator.endpoint_url, account=client.stack.emulator.options.account)
    iam = provider.connection.client("iam")
    iam.delete_role_policy(RoleName="gatehouse-local-items-list", PolicyName="function")
    assert client.call("GET", "/items", token).status_code == 500
    assert [line["level"] for line in lines(client, "items-list")] == ["ERROR"]
    (decision,) = lines(client, "authorizer")
    assert (decision["level"], decision["outcome"]) == ("INFO", "allow")
    assert decision["_aws"]["CloudWatchMetrics"]
