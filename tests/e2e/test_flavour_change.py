"""A change of a running stack's API flavour keeps its data, its functions and its access log."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from infra.packaging.bundles import ROOT
from local import deploy
from local.deploy import Engine
from local.provider import Provider
from local.running_stack import RunningStack, StackOptions, running_stack
from tests.e2e.conftest import Client, two_free_ports

ACCESS_LOG = "/aws/apigateway/gatehouse-local-access"


@pytest.fixture(scope="module")
def options(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> StackOptions:
    return StackOptions(root=ROOT, state=tmp_path_factory.mktemp("state"), port=two_free_ports(), engine=engine)


@pytest.fixture(scope="module")
def stack(options: StackOptions) -> Iterator[RunningStack]:
    with running_stack(options, lambda _: None, lambda _: None) as running:
        yield running


def apis(stack: RunningStack) -> dict[str, int]:
    """Return the number of APIs of each flavour."""
    client = Provider(stack.emulator.endpoint_url).connection.client
    return {
        "rest": len(client("apigateway").get_rest_apis()["items"]),
        "http": len(client("apigatewayv2").get_apis()["Items"]),
    }


def access_lines(stack: RunningStack) -> list[dict[str, Any]]:
    logs = Provider(stack.emulator.endpoint_url).connection.client("logs")
    return [json.loads(each["message"]) for each in logs.filter_log_events(logGroupName=ACCESS_LOG)["events"]]


def test_changes_to_an_http_api_and_back_keep_data_functions_and_the_access_log(
    options: StackOptions, stack: RunningStack
) -> None:
    functions = Provider(stack.emulator.endpoint_url).connection.client("lambda")
    created = {each["FunctionName"]: each["LastModified"] for each in functions.list_functions()["Functions"]}
    with httpx.Client(timeout=30) as http:
        client = Client(stack, http)
        token = client.token("moves")
        item = client.call("POST", "/items", token, json={"name": "a"}).json()
        for flavour, written in (("http", 2), ("rest", 3)):
            target = replace(options, settings={"api.flavour": flavour}).target(stack.emulator.endpoint_url)
            deploy.up(options.engine, target)
            moved = Client(replace(stack, exports=target.exports()), http, flavour=flavour)
            assert moved.call("GET", f"/items/{item['id']}", token).json() == item
            assert apis(stack) == {"rest": 0, "http": 0} | {flavour: 1}
            assert len(access_lines(stack)) == written
            assert moved.url != client.url
            client = moved
    assert {each["FunctionName"]: each["LastModified"] for each in functions.list_functions()["Functions"]} == created
