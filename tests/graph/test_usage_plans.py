"""Usage plans in the planned program."""

import json
import re
from typing import Any

import pytest
import yaml

from authorizer.decision import usage_key
from infra.packaging.bundles import ROOT
from local.engine.values import revealed
from local.plans.plan import plan, records
from tests.graph.conftest import Graph

PLANS = "apigateway/usagePlan:UsagePlan"
KEYS = "apigateway/apiKey:ApiKey"
ATTACHMENTS = "apigateway/usagePlanKey:UsagePlanKey"


def with_usage(usage: dict[str, Any], stack: str = "dev") -> Graph:
    return Graph(plan(ROOT, stack, {"gatehouse:usage": json.dumps(usage)}))


def documented_example() -> dict[str, Any]:
    page = (ROOT / "docs" / "usage-plans.md").read_text()
    (example,) = re.findall(r"<!-- usage -->\n```yaml\n(.*?)```", page, re.DOTALL)
    return yaml.safe_load(example)["gatehouse:usage"]


@pytest.fixture(scope="module")
def usage() -> Graph:
    """The documented plans, in the stack that they are written for."""
    return with_usage(documented_example())


def test_a_stack_has_none_by_default(graph: Graph) -> None:
    assert not any(graph.of_type(kind) for kind in (PLANS, KEYS, ATTACHMENTS))


def test_the_source_of_api_keys_is_always_set(usage: Graph, graph: Graph) -> None:
    """As an argument: without it, an update puts back what was there before the body was imported."""
    assert usage.inputs("apigateway/restApi:RestApi")["apiKeySource"] == "AUTHORIZER"
    assert graph.inputs("apigateway/restApi:RestApi")["apiKeySource"] == "HEADER"


def test_every_plan_limits_the_stage(usage: Graph) -> None:
    plans = usage.of_type(PLANS)
    assert {name: created.inputs["throttleSettings"] for name, created in plans.items()} == {
        "partners": {"rateLimit": 50, "burstLimit": 100},
        "others": {"rateLimit": 5, "burstLimit": 10},
    }
    assert "quotaSettings" not in plans["partners"].inputs
    assert plans["others"].inputs["quotaSettings"] == {"limit": 1000, "period": "DAY"}
    for name, created in plans.items():
        assert created.inputs["name"] == f"gatehouse-dev-{name}"
        assert created.inputs["tags"] == {"environment": "dev"}
        assert [stage["stage"] for stage in created.inputs["apiStages"]] == ["dev"]


def test_a_plan_is_made_after_the_stage_that_it_is_for(usage: Graph) -> None:
    for created in usage.of_type(PLANS).values():
        assert any("stage:Stage::" in urn for urn in created.dependencies)


def test_every_listed_client_has_the_key_that_the_authorizer_answers_with(usage: Graph) -> None:
    keys = usage.of_type(KEYS)
    assert {name: revealed(key.inputs["value"]) for name, key in keys.items()} == {
        "main|mobile-app": usage_key("gatehouse", "dev", "main", "mobile-app"),
        "main|reporting": usage_key("gatehouse", "dev", "main", "reporting"),
        "unlisted": usage_key("gatehouse", "dev"),
    }
    assert keys["main|mobile-app"].inputs["description"] == "Client mobile-app of issuer main"
    assert keys["main|mobile-app"].inputs["name"] == "gatehouse-dev-main|mobile-app"
    assert keys["unlisted"].inputs["tags"] == {"environment": "dev"}


def test_every_key_is_in_its_clients_plan_and_leaves_it_before_it_is_in_another(usage: Graph) -> None:
    """AWS, "Usage plans and API keys": a key is in one plan for each stage."""
    attachments = usage.of_type(ATTACHMENTS)
    plans = {
        name: [urn.rpartition("::")[2] for urn in created.property_dependencies["usagePlanId"]]
        for name, created in attachments.items()
    }
    assert plans == {"main|mobile-app": ["partners"], "main|reporting": ["partners"], "unlisted": ["others"]}
    for name, created in attachments.items():
        assert [urn.rpartition("::")[2] for urn in created.property_dependencies["keyId"]] == [name]
        assert created.inputs["keyType"] == "API_KEY"
        assert created.delete_before_replace is True


def test_without_a_plan_for_the_unlisted_there_is_no_shared_key() -> None:
    created = with_usage({"plans": [{"name": "a", "rate": 1, "burst": 1, "clients": {"main": ["a", "a|b"]}}]})
    assert set(created.of_type(KEYS)) == set(created.of_type(ATTACHMENTS)) == {"main|a", "main|a|b"}


def test_no_key_is_exported_or_shown(usage: Graph) -> None:
    values = {revealed(key.inputs["value"]) for key in usage.of_type(KEYS).values()}
    assert set(usage.deployment.exports) == {"url", "functions", "tables", "authorizer"}
    shown = json.dumps(records(usage.deployment))
    assert not [value for value in values if value in shown]
