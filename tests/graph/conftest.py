"""The program's resources as plain records, for each stack."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from local.engine import Deployment, Resource
from local.plans.architecture import Architecture
from local.plans.plan import example, plan


class Graph:
    """A planned stack."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    def of_type(self, suffix: str) -> dict[str, Resource]:
        """The resources of a type, by name: `lambda/function:Function`."""
        return {each.name: each for each in self.deployment.resources if each.type == f"aws:{suffix}"}

    def one(self, suffix: str) -> Resource:
        (found,) = self.of_type(suffix).values()
        return found

    def inputs(self, suffix: str) -> dict[str, Any]:
        return dict(self.one(suffix).inputs)


@cache
def planned(stack: str) -> Graph:
    return Graph(plan(ROOT, stack))


@cache
def explained(stack: str) -> Architecture:
    """Return a stack that is planned with the ids and ARNs of an example account."""
    return Architecture(example(ROOT, stack))


@pytest.fixture
def graph_of() -> Callable[[str], Graph]:
    return planned


@pytest.fixture(params=["dev", "prod", "local"])
def graph(request: pytest.FixtureRequest) -> Graph:
    return planned(request.param)
