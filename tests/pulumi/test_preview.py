"""A preview by the Pulumi CLI shows the resources that the in-process engine plans, without AWS credentials."""

import json
from typing import Any

import pytest

from local.plans.plan import UNKNOWN_MARK, plan, records
from tests.pulumi.project import ORIGIN, Preview, Project


def by_name(resources: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = {(each["parent"], each["type"], each["name"]): each for each in resources}
    assert len(found) == len(resources)
    return found


def with_unknown_inputs_of(expected: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource with the inputs that only the plan does not know, because a plan has no account."""
    unknown = {name: each for name, each in expected["inputs"].items() if UNKNOWN_MARK in json.dumps(each)}
    return {**resource, "inputs": {**resource["inputs"], **unknown}}


def require_equal(preview: Preview, planned: list[dict[str, Any]]) -> None:
    previewed, expected = by_name(preview.records()), by_name(planned)
    assert previewed.keys() == expected.keys()
    for name, resource in previewed.items():
        assert with_unknown_inputs_of(expected[name], resource) == expected[name]
    assert {step["op"] for step in preview.steps} <= {"create", "read"}
    assert [message for message in preview.messages if not message.startswith(ORIGIN)] == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_preview_equals_the_plan(project: Project, stack: str) -> None:
    project.init(stack)
    require_equal(project.preview(stack), project.plan(stack))


def test_a_preview_of_the_account_equals_its_plan(project: Project) -> None:
    project.init("main", "infra/account")
    require_equal(project.preview("main", "infra/account"), records(plan(project.root / "infra" / "account", "main")))
