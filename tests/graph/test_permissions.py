"""`python -m local plan --iam`: every permission in words."""

import dataclasses
import json
from typing import Any

import pytest

from handlers.contract import load_collections, routes
from infra.packaging.bundles import ROOT
from local.engine import Resource
from local.plans.architecture import Architecture
from local.plans.permissions import explain, in_words
from local.plans.plan import example
from tests.graph.conftest import explained

ROUTES = routes(load_collections())
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
LOG = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/orders:*"


def blocks(plan: Architecture) -> dict[str, list[str]]:
    """Return the explanation's lines by their first one."""
    text = "\n".join(explain(plan, ROUTES))
    return {block.splitlines()[0]: block.splitlines()[1:] for block in text.split("\n\n")}


def test_a_handler_is_explained_in_full() -> None:
    assert blocks(explained("dev"))["gatehouse-dev-items-read, the role of function gatehouse-dev-items-read"] == [
        "  is assumed by lambda.amazonaws.com (sts:AssumeRole)",
        "  may write its own log (logs:CreateLogStream, logs:PutLogEvents)",
        "  may read items in table gatehouse-dev-items (dynamodb:GetItem)",
        "  is invoked by API Gateway for any method of /items/*",
        "  serves requests that gatehouse-dev-authorizer allows, for items:read",
    ]


@pytest.mark.usefixtures("samples")
def test_the_api_is_explained() -> None:
    lines = blocks(Architecture(example(ROOT, "dev")))["API gatehouse-dev-api"]
    assert lines == [
        "  gatehouse-dev-authorizer authorizes 24 methods",
        "  anyone may send OPTIONS to /, /events, /events/{id}, /items, /items/{id}, /users, /users/{id}, /{proxy+}",
    ]


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_every_statement_of_every_policy_appears(stack: str) -> None:
    plan = explained(stack)
    found = blocks(plan)
    policies = plan.deployment.of_type("aws:iam/rolePolicy:RolePolicy")
    assert policies
    for policy in policies:
        (lines,) = (lines for first, lines in found.items() if first.startswith(f"{policy.inputs['role']}, "))
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            assert any(all(action in line for action in statement["Action"]) for line in lines), statement
            for resource in statement["Resource"]:
                name = resource.removesuffix(":*").rpartition("/")[2]
                assert any(name in line for line in lines) or "its own log" in "\n".join(lines), resource


def test_the_authorizer_reads_the_denylist_and_nothing_else() -> None:
    plan = Architecture(example(ROOT, "dev", {"revocation.enabled": "true"}))
    (lines,) = (lines for first, lines in blocks(plan).items() if first.startswith("gatehouse-dev-authorizer,"))
    assert sorted(lines) == [
        "  is assumed by lambda.amazonaws.com (sts:AssumeRole)",
        "  is invoked by API Gateway to authorize",
        "  may read items in table gatehouse-dev-authorizer-revocations (dynamodb:BatchGetItem)",
        "  may write its own log (logs:CreateLogStream, logs:PutLogEvents)",
    ]


@pytest.mark.parametrize(
    ("actions", "resources", "words"),
    [
        (["dynamodb:GetItem"], [TABLE], "read items in table orders (dynamodb:GetItem)"),
        (
            ["dynamodb:GetItem", "dynamodb:UpdateItem"],
            [TABLE, f"{TABLE}/index/a", f"{TABLE}/index/b"],
            "read and update items in table orders and its indexes a and b (dynamodb:GetItem, dynamodb:UpdateItem)",
        ),
        (["dynamodb:Query"], [f"{TABLE}/index/a"], "query items in the index a of table orders (dynamodb:Query)"),
        (["logs:PutLogEvents"], [LOG], "write its own log (logs:PutLogEvents)"),
        (["logs:PutLogEvents"], [LOG.replace("orders", "x")], "write the log /aws/lambda/x (logs:PutLogEvents)"),
        ("xray:PutTraceSegments", "*", "send traces to X-Ray, for any resource (*) (xray:PutTraceSegments)"),
        (["dynamodb:Scan"], [TABLE], f"use dynamodb:Scan on {TABLE}"),
        (["dynamodb:*"], ["*"], "use dynamodb:* on *"),
        (["dynamodb:GetItem"], [f"{TABLE}*"], f"use dynamodb:GetItem on {TABLE}*"),
        (["dynamodb:GetItem"], [TABLE, LOG], f"use dynamodb:GetItem on {TABLE} and {LOG}"),
    ],
)
def test_a_statement_in_words(actions: Any, resources: Any, words: str) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    assert in_words(statement, {"/aws/lambda/orders"}) == f"may {words}"
    condition = {"StringEquals": {"aws:RequestTag/a": "b"}}
    conditional = in_words({**statement, "Condition": condition}, {"/aws/lambda/orders"})
    assert conditional == f"may {words} if {json.dumps(condition)}"


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "dynamodb:GetItem", "Resource": TABLE},
        {"Effect": "Allow", "NotAction": "dynamodb:GetItem", "Resource": TABLE},
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "NotResource": TABLE},
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE, "Principal": "*"},
        {"Effect": "Allow", "Action": [], "Resource": TABLE},
    ],
)
def test_a_statement_without_words_is_shown_as_it_is(statement: Any) -> None:
    assert in_words(statement) == f"has the statement {json.dumps(statement)}"


def changed(plan: Architecture, type_: str, name: str, **inputs: Any) -> Architecture:
    """Return a plan in which a resource has other inputs; None removes one."""

    def change(resource: Resource) -> Resource:
        if (resource.type, resource.name) != (type_, name):
            return resource
        merged = {key: value for key, value in {**resource.inputs, **inputs}.items() if value is not None}
        return dataclasses.replace(resource, inputs=merged)

    resources = tuple(map(change, plan.deployment.resources))
    assert resources != plan.deployment.resources
    return Architecture(dataclasses.replace(plan.deployment, resources=resources))


def test_unusual_trust_and_invocations_are_shown_as_they_are() -> None:
    plan = explained("dev")
    anyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trusting = changed(plan, "aws:iam/role:Role", "items-read", assumeRolePolicy=json.dumps({"Statement": [anyone]}))
    assert f"  is assumed as in the statement {json.dumps(anyone)}" in "\n".join(explain(trusting, ROUTES))
    permission = "aws:lambda/permission:Permission", plan.permissions[0].name
    open_ = changed(plan, *permission, principal="*", sourceArn=None)
    assert "  allows * lambda:InvokeFunction for any source" in "\n".join(explain(open_, ROUTES))
    source = "arn:aws:execute-api:us-east-1:123456789012:other/*/GET/items"
    other = changed(plan, *permission, sourceArn=source)
    expected = f"  allows apigateway.amazonaws.com lambda:InvokeFunction for {source}"
    assert expected in "\n".join(explain(other, ROUTES))
    alias = changed(plan, *permission, qualifier="live")
    assert "  is invoked, alias live, by API Gateway for " in "\n".join(explain(alias, ROUTES))


def test_a_method_without_an_authorizer_and_a_policy_of_another_kind_are_shown() -> None:
    plan = explained("dev")
    body = json.loads(plan.apis[0].inputs["body"])
    del body["paths"]["/items"]["get"]["security"]
    policy = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
    other = changed(
        plan, plan.apis[0].type, "api", body=json.dumps(body), policy=json.dumps({"Statement": [policy]})
    )  # fmt: skip
    text = "\n".join(explain(other, ROUTES))
    assert "  serves GET /items WITHOUT AN AUTHORIZER" in text
    assert "  anyone may send GET to /items" in text
    assert f"aws:apigateway/restApi:RestApi api has the statement {json.dumps(policy)}" in text


def test_no_function_uses_a_role_that_is_left_over() -> None:
    plan = explained("dev")
    role = plan.of_type("iam/role:Role")["gatehouse-dev-items-read"]
    left = dataclasses.replace(role, inputs={**role.inputs, "name": "left"}, outputs={**role.outputs, "arn": "left"})
    larger = dataclasses.replace(plan.deployment, resources=(*plan.deployment.resources, left))
    assert "left, the role of no function" in "\n".join(explain(Architecture(larger), ROUTES))
