"""The components of the program, and what an update of a stack deployed by an earlier version does with them."""

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2

from infra.bundles import ROOT
from local.engine import monitor
from local.plan import plan
from tests.graph.conftest import Graph

COMPONENTS = {
    "gatehouse:api:Gateway", "gatehouse:auth:Authorizer", "gatehouse:auth:Revocation", "gatehouse:compute:Function",
    "gatehouse:compute:Handlers", "gatehouse:data:Table",
}  # fmt: skip


def test_every_capability_is_a_component(graph_of: Callable[[str], Graph]) -> None:
    types = {each.type for each in graph_of("local").deployment.resources if each.type.startswith("gatehouse:")}
    assert types == COMPONENTS


def test_components_that_have_got_a_parent_are_found_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi gives the resources within a component the aliases that follow from the component's."""
    aliases: dict[str, bool] = {}
    register = monitor.ResourceMonitor.RegisterResource

    def registered(engine: Any, request: resource_pb2.RegisterResourceRequest) -> Any:
        if request.type in ("gatehouse:compute:Function", "gatehouse:data:Table"):
            nested = request.parent.split("::")[2] != "pulumi:pulumi:Stack"
            aliases[request.name] = [each.spec.noParent for each in request.aliases] == ([True] if nested else [])
        return register(engine, request)

    monkeypatch.setattr(monitor.ResourceMonitor, "RegisterResource", registered)
    plan(ROOT, "local")
    assert {"authorizer", "authorizer-revocations", "items", "items-read"} <= set(aliases)
    assert all(aliases.values())
