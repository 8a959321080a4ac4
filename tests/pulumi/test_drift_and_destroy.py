"""What is changed outside of Pulumi is found and repaired, and a destroyed stack leaves nothing behind."""

from typing import Any

import pytest

from tests.pulumi.deployed import NOTHING, TABLE, compare
from tests.pulumi.emulated import EmulatedStack, Rejected


@pytest.fixture
def stack(emulated: EmulatedStack) -> EmulatedStack:
    """The stack `dev`, deployed."""
    emulated.up()
    return emulated


def test_drift_is_found_by_a_refresh_and_repaired_by_an_update(stack: EmulatedStack) -> None:
    deployed = stack.resources()
    assert not stack.has_changes()
    stack.refresh()
    assert compare(deployed, stack.resources()) == NOTHING
    assert not stack.has_changes()

    dynamodb, logs, table = stack.client("dynamodb"), stack.client("logs"), "gatehouse-dev-items"
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
    logs.delete_log_group(logGroupName="/aws/lambda/gatehouse-dev-items-list")
    assert not stack.has_changes()  # an engine compares the program with its state
    stack.refresh()
    drift = compare(deployed, stack.resources())
    assert drift.updated == {TABLE: {"items"}}
    assert list(drift.deleted.values()) == [{"items-list"}]
    assert stack.has_changes()

    stack.up()
    assert dynamodb.describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"] is False
    assert logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/gatehouse-dev-items-list")["logGroups"]
    assert compare(deployed, stack.resources()) == NOTHING


def test_a_destroyed_stack_leaves_nothing_behind(stack: EmulatedStack) -> None:
    assert all(remains(stack).values())
    stack.destroy()
    assert stack.resources() == {}
    assert {service: found for service, found in remains(stack).items() if found} == {}


def test_a_protected_stack_cannot_be_destroyed(stack: EmulatedStack) -> None:
    stack.up(data_protect="true", usage_plans=PLANS)
    before, resources = remains(stack), stack.resources()
    with pytest.raises(Rejected):
        stack.destroy()
    assert remains(stack) == before
    assert stack.resources().keys() == resources.keys()
    stack.up()
    stack.destroy()
    assert not any(remains(stack).values())


PLANS = '[{"name": "gold", "rate": 1, "burst": 1, "clients": {"main": ["app"]}}]'


def remains(stack: EmulatedStack) -> dict[str, list[Any]]:
    """Return what every service has that the stack uses."""
    gateway, functions = stack.client("apigateway"), stack.client("lambda")
    return {
        "tables": stack.client("dynamodb").list_tables()["TableNames"],
        "functions": [each["FunctionName"] for each in functions.list_functions()["Functions"]],
        "roles": [each["RoleName"] for each in stack.client("iam").list_roles()["Roles"]],
        "log groups": [each["logGroupName"] for each in stack.client("logs").describe_log_groups()["logGroups"]],
        "APIs": [each["name"] for each in gateway.get_rest_apis()["items"]],
    }
