"""Every function has exactly the permissions that it needs, and the emulator enforces them."""

import json
from typing import Any

import pytest

from handlers.contract import load_collections, routes
from local.provider import Provider
from local.running_stack import RunningStack
from tests.e2e.conftest import Client

ROUTES = routes(load_collections())


@pytest.fixture(scope="session")
def provider(stack: RunningStack) -> Provider:
    return Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account)


def role_policies(provider: Provider, function: str) -> dict[str, list[dict[str, Any]]]:
    """Return the statements of all policies of a function's role, by the policy's name."""
    iam = provider.connection.client("iam")
    assert iam.list_attached_role_policies(RoleName=function)["AttachedPolicies"] == []
    found: dict[str, list[dict[str, Any]]] = {}
    for name in iam.list_role_policies(RoleName=function)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=function, PolicyName=name)["PolicyDocument"]
        found[name] = (json.loads(document) if isinstance(document, str) else document)["Statement"]
    return found


def role_policy(provider: Provider, function: str) -> list[dict[str, Any]]:
    """Return the statements of the only policy of a function's role."""
    ((name, statements),) = role_policies(provider, function).items()
    assert name == "function"
    return statements


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_handler_may_perform_only_its_operations_actions_on_its_own_table(provider: Provider, route: Any) -> None:
    function = f"gatehouse-local-{route.name}"
    log, table = role_policy(provider, function)
    assert set(log["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert all(resource.endswith(f":log-group:/aws/lambda/{function}:*") for resource in log["Resource"])
    assert set(table["Action"]) == set(route.operation.actions)
    own = f"table/gatehouse-local-{route.collection.name}"
    by_filter = [f"by_{name}" for name in route.collection.filters]
    by_creation = ["by_created"] if route.collection.client_ids else []
    by_range = [f"{name}_range" for name in route.collection.ranges]
    names = (*by_filter, *by_creation, *by_range)
    indexes = [f"{own}/index/{name}" for name in names if route.operation.name == "list"]
    assert [resource.rpartition(":")[2] for resource in table["Resource"]] == [own, *indexes]


def test_a_handler_without_its_permission_answers_500_without_details(client: Client, provider: Provider) -> None:
    iam = provider.connection.client("iam")
    role = "gatehouse-local-items-list"
    original = json.dumps({"Version": "2012-10-17", "Statement": role_policy(provider, role)})
    token = client.token("least-privilege")
    assert client.call("GET", "/items", token).status_code == 200
    without = original.replace("dynamodb:Query", "dynamodb:Scan")
    iam.put_role_policy(RoleName=role, PolicyName="function", PolicyDocument=without)
    try:
        answer = client.call("GET", "/items", token)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="function", PolicyDocument=original)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    for secret in ("AccessDenied", "dynamodb", "arn:", "gatehouse-local", "role"):
        assert secret not in answer.text
    assert client.call("GET", "/items", token).status_code == 200
