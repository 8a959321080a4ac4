"""An IAM linter finds nothing in any policy: unknown actions, resources of another type, invalid conditions or ARNs.

The linter is parliament (https://github.com/duo-labs/parliament), which knows all actions of AWS and needs no network.
It does not check who may assume a role; a rule in rules.py does.
"""

import json
import warnings
from typing import Any

import pytest

from authorizer.event import Stage
from authorizer.policy import ENCODINGS, Policies
from authorizer.settings import PolicyEncoding
from handlers.contract import load_collections, routes
from infra.packaging.bundles import ROOT
from infra.settings import route_scopes
from local.plans.architecture import Architecture, Grant
from local.plans.plan import example
from tests.docs.pages import blocks_of
from tests.graph.conftest import explained
from tests.graph.settings_space import everything_on, overrides

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pkg_resources is deprecated
    from parliament import analyze_policy_string

ACCOUNT = ROOT / "infra" / "account"
STATEMENT = {
    "Effect": "Allow",
    "Action": ["dynamodb:GetItem"],
    "Resource": ["arn:aws:dynamodb:us-east-1:123456789012:table/items"],
}


def findings(statements: list[Any]) -> list[str]:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return [str(each) for each in analyze_policy_string(document).findings]


def found_in(plan: Architecture) -> dict[str, list[str]]:
    found = {each.resource.name: findings([_with_its_key(each)]) for each in plan.grants}
    return {name: each for name, each in found.items() if each}


def _with_its_key(grant: Grant) -> Any:
    """Return a statement; that of a key's policy names the key, which `*` means there."""
    is_key_policy = grant.resource.type == "aws:kms/key:Key" and grant.statement["Resource"] == "*"
    return {**grant.statement, "Resource": grant.resource.outputs["arn"]} if is_key_policy else grant.statement


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_nothing_is_found_in_a_shipped_stack(stack: str) -> None:
    plan = explained(stack)
    assert len(plan.grants) > len(plan.functions)
    assert found_in(plan) == {}


@pytest.mark.parametrize("flavour", ["rest", "http"])
def test_nothing_is_found_with_everything_on(flavour: str) -> None:
    assert found_in(Architecture(example(ROOT, "prod", overrides(everything_on(flavour))))) == {}


def test_the_account_has_only_a_policy_of_aws() -> None:
    plan = Architecture(example(ACCOUNT, "main"))
    (attachment,) = plan.deployment.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment.inputs["policyArn"].startswith("arn:aws:iam::aws:policy/service-role/")
    assert plan.grants == ()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_nothing_is_found_in_the_policies_that_the_authorizer_returns(encoding: PolicyEncoding) -> None:
    scopes = route_scopes(routes(load_collections()))
    stage = Stage.of("aws", "us-east-1", "123456789012", "a1b2c3d4e5", "prod")
    for granted in (tuple(each.scope for each in scopes), ("items:read",)):
        policy = Policies(scopes, encoding).document(stage, granted, 1_800_000_000)
        assert findings(json.loads(json.dumps(policy["Statement"]))) == []


def test_nothing_is_found_in_the_documented_policy_for_restores() -> None:
    (policy,) = (each.text for each in blocks_of(ROOT / "docs" / "restore.md") if each.kind == "policy")
    assert findings(json.loads(policy)["Statement"]) == []


@pytest.mark.parametrize(
    ("changes", "issue"),
    [
        ({"Action": "dynamodb:GetItems"}, "UNKNOWN_ACTION"),
        ({"Resource": "arn:aws:s3:::items"}, "RESOURCE_MISMATCH"),
        ({"Condition": {"StringEqual": {"aws:username": "a"}}}, "UNKNOWN_OPERATOR"),
        ({"Condition": {"StringEquals": {"aws:nothing": "a"}}}, "UNKNOWN_CONDITION_FOR_ACTION"),
        ({"Resource": "gatehouse-items"}, "INVALID_ARN"),
        ({"Effect": "Permit"}, "MALFORMED"),
    ],
)
def test_a_mistake_is_found(changes: Any, issue: str) -> None:
    assert findings([STATEMENT]) == []
    assert any(issue in each for each in findings([{**STATEMENT, **changes}]))
