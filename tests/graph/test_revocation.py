"""The denylist in the planned program."""

import json
import re
from collections.abc import Callable

import pytest
import yaml

from authorizer.revocation.entries import EXPIRY, KEY
from infra.packaging.bundles import ROOT
from local.engine.values import Unknown
from local.plans.plan import plan
from tests.graph.conftest import Graph

NAME = "authorizer-revocations"


@pytest.fixture(scope="module")
def prod() -> Graph:
    """The documented setting, in the stack that it is written for."""
    (example,) = re.findall(
        r"<!-- revocation -->\n```yaml\n(.*?)```", (ROOT / "docs" / "revocation.md").read_text(), re.DOTALL
    )
    return Graph(plan(ROOT, "prod", {name: json.dumps(value) for name, value in yaml.safe_load(example).items()}))


def test_it_is_disabled_by_default(graph_of: Callable[[str], Graph]) -> None:
    for stack, there in (("dev", False), ("prod", True), ("local", True)):
        graph = graph_of(stack)
        assert (NAME in graph.of_type("dynamodb/table:Table")) is there
        assert ("environment" in graph.of_type("lambda/function:Function")["authorizer"].inputs) is there


def test_its_table_has_one_key_expires_entries_and_is_protected_like_data(prod: Graph) -> None:
    table = prod.of_type("dynamodb/table:Table")[NAME]
    assert (table.inputs["hashKey"], "rangeKey" in table.inputs) == (KEY, False)
    assert table.inputs["attributes"] == [{"name": KEY, "type": "S"}]
    assert table.inputs["ttl"] == {"attributeName": EXPIRY, "enabled": True}
    assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
    assert table.inputs["name"] == f"gatehouse-prod-{NAME}"
    assert (table.protect, table.inputs["deletionProtectionEnabled"]) == (True, True)


def test_the_authorizer_knows_its_name_and_may_read_it(prod: Graph) -> None:
    function = prod.of_type("lambda/function:Function")["authorizer"]
    assert function.inputs["environment"]["variables"] == {"REVOCATIONS_TABLE": f"gatehouse-prod-{NAME}"}
    assert any(urn.endswith("::authorizer-revocation") for urn in function.dependencies)
    policy = prod.of_type("iam/rolePolicy:RolePolicy")["authorizer-revocation"]
    assert isinstance(policy.inputs["policy"], Unknown)
    assert any(urn.endswith(f"::{NAME}") for urn in policy.property_dependencies["policy"])


def test_no_client_sees_it_among_the_collections(prod: Graph) -> None:
    assert NAME not in prod.deployment.exports["tables"]
