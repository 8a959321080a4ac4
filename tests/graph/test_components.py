"""The components of the program, and what an update of a stack deployed by an earlier version does with them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2

from infra.packaging.bundles import ROOT
from local.engine import monitor
from local.plans.plan import plan
from tests.graph.conftest import Graph

COMPONENTS = {
    "gatehouse:api:Gateway", "gatehouse:auth:Authorizer", "gatehouse:auth:Revocation", "gatehouse:compute:Function",
    "gatehouse:compute:Handlers", "gatehouse:data:Table",
}  # fmt: skip


def test_every_capability_is_a_component(graph_of: Callable[[str], Graph]) -> None:
    types = {each.type for each in graph_of("local").deployment.resources if each.type.startswith("gatehouse:")}
    assert types == COMPONENTS


EARLIER_TYPES = {
    f"gatehouse:{component}${resource}"
    for component, resources in {
        "api:Gateway": (
            "aws:apigateway/deployment:Deployment", "aws:apigateway/methodSettings:MethodSettings",
            "aws:apigateway/restApi:RestApi", "aws:apigateway/stage:Stage", "aws:cloudwatch/logGroup:LogGroup",
        ),
        "api:UsagePlans": (
            "aws:apigateway/apiKey:ApiKey", "aws:apigateway/usagePlan:UsagePlan",
            "aws:apigateway/usagePlanKey:UsagePlanKey",
        ),
        "compute:Function": (
            "aws:cloudwatch/logGroup:LogGroup", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy",
            "aws:lambda/function:Function", "aws:lambda/permission:Permission",
        ),
        "data:Table": ("aws:dynamodb/table:Table",),
    }.items()
    for resource in resources
}  # fmt: skip
"""The types in the URNs of the first deployed version, each after that of its parent."""


def test_every_resource_of_the_first_version_is_found_by_its_urn_or_an_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi gives a resource within a component the aliases that follow from the component's."""
    types: dict[str, set[str]] = {"": {""}}  # of each URN: the types in its own and its former URNs
    register = monitor.ResourceMonitor.RegisterResource

    def registered(engine: Any, request: resource_pb2.RegisterResourceRequest) -> Any:
        response = register(engine, request)
        parents = (
            {""}
            if "::pulumi:pulumi:Stack::" in request.parent
            else types[request.parent] | {"" for each in request.aliases if each.spec.noParent}
        )
        types[response.urn] = {f"{parent}${request.type}".removeprefix("$") for parent in parents}
        return response

    monkeypatch.setattr(monitor.ResourceMonitor, "RegisterResource", registered)
    plans = [{"name": "p", "rate": 1, "burst": 1, "clients": {"local": ["a"]}}]
    found = plan(ROOT, "local", {"usage.plans": json.dumps(plans)}).resources
    resources = [each for each in found if each.custom and not each.type.startswith("pulumi:providers:")]
    assert {each.name for each in resources if not types[each.urn] & EARLIER_TYPES} == set()
    assert set().union(*types.values()) >= EARLIER_TYPES
