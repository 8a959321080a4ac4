"""A role whose permissions are divided among policies: the plan is read, explained and checked as with one policy."""

from collections.abc import Iterator

import pytest

from handlers.contract import load_collections, routes
from infra.functions import policy_sizes
from infra.packaging.bundles import ROOT
from local.plans.architecture import Architecture, texts
from local.plans.permissions import explain
from local.plans.plan import example
from tests.graph import rules
from tests.graph.altered import Alteration, with_inputs, with_json, without
from tests.graph.test_iam_linter import found_in

ROLE = "gatehouse-prod-handlers"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
OTHER = "arn:aws:iam::aws:policy/AdministratorAccess"


def planned() -> Architecture:
    return Architecture(example(ROOT, "prod", {"functions.layout": "single"}))


@pytest.fixture(scope="module")
def whole() -> Architecture:
    return planned()


@pytest.fixture(scope="module")
def divided() -> Iterator[Architecture]:
    """Return a plan in which each collection needs its own policy."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(policy_sizes, "IN_ROLE", 100)
        patched.setattr(policy_sizes, "IN_MANAGED_POLICY", 100)
        yield planned()


def granted(plan: Architecture) -> list[tuple[str, str]]:
    statements = [each.statement for each in plan.grants_of(ROLE)]
    return sorted(
        (action, arn) for each in statements for action in texts(each["Action"]) for arn in texts(each["Resource"])
    )


def test_no_stack_has_a_managed_policy_while_one_policy_is_enough(whole: Architecture) -> None:
    assert not whole.of_type("iam/policy:Policy")
    assert not whole.attachments


def test_the_role_may_do_the_same(whole: Architecture, divided: Architecture) -> None:
    assert list(divided.of_type("iam/policy:Policy")) == [
        f"{ROLE}-{number}" for number in range(len(load_collections()), 0, -1)
    ]
    assert [each.inputs["role"] for each in divided.attachments] == [ROLE] * len(load_collections())
    assert granted(divided) == granted(whole)


def test_a_function_is_changed_after_its_policies_and_a_policy_after_later_ones(divided: Architecture) -> None:
    urns = {each.name: each.urn for each in divided.attachments}
    (function,) = (each for each in divided.functions.values() if each.name == "handlers")
    (own,) = (each for each in divided.deployment.of_type("aws:iam/rolePolicy:RolePolicy") if each.name == "handlers")
    (first,) = (each for each in divided.attachments if each.name == "handlers-1")
    assert set(urns.values()) | {own.urn} <= set(function.dependencies)
    assert set(urns.values()) <= set(own.dependencies)
    assert urns["handlers-2"] in first.dependencies


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_rule_holds(rule: rules.Rule, divided: Architecture) -> None:
    assert list(rule(divided)) == []


def test_an_iam_linter_finds_nothing(divided: Architecture) -> None:
    assert found_in(divided) == {}


def test_the_plan_explains_managed_policies_like_the_roles_own(divided: Architecture) -> None:
    text = "\n".join(explain(divided, routes(load_collections())))
    for name in ("events", "items", "users"):
        assert f"may query, write, read, update and delete items in table gatehouse-prod-{name}" in text
    assert "has the policy" not in text
    foreign = with_inputs(ATTACHMENT, "handlers-1", policyArn=OTHER)(divided)
    assert f"  has the policy {OTHER}" in "\n".join(explain(foreign, routes(load_collections())))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        (rules.only_managed_policies_of_the_stack_are_attached, with_inputs(ATTACHMENT, "handlers-1", policyArn=OTHER)),
        (rules.each_managed_policy_has_one_role, without(ATTACHMENT, "handlers-1")),
        (
            rules.every_function_may_do_exactly_what_its_routes_need,
            with_inputs(ATTACHMENT, "handlers-1", role="gatehouse-prod-authorizer"),
        ),
        (
            rules.no_statement_has_a_wildcard_resource,
            with_json(POLICY, "policy", lambda document: document["Statement"][0].update(Resource="*"), "handlers-2"),
        ),
    ],
    ids=lambda each: getattr(each, "__name__", "changed"),
)
def test_a_rule_fails_on_a_wrong_managed_policy(rule: rules.Rule, change: Alteration, divided: Architecture) -> None:
    assert list(rule(change(divided)))
