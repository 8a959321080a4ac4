"""Quotas of AWS that a stack would exceed are named before anything is created, and no others are."""

import re
from typing import Any

import pulumi
import pytest

from handlers.contract import routes
from infra.checks import deployable
from infra.checks.deployable import NotDeployable, require_deployable
from infra.checks.quotas import DOCUMENT, Exceeded, exceeded_quotas
from infra.functions import policy_sizes
from infra.naming import Names
from tests.unit.infra.test_checks import collection
from tests.unit.infra.test_settings import load, texts

NAMES = Names("gatehouse", "test")
MANY = [collection(f"c{number:03}", f"C{number:03}") for number in range(400)]
PLAN: dict[str, Any] = {"rate": 1, "burst": 2}


def problems_of(monkeypatch: pytest.MonkeyPatch, number: int = 3, **settings: Any) -> tuple[list[str], list[str]]:
    """Return the warnings and the problems of a stack with so many collections."""
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    try:
        require_deployable(routes(MANY[:number]), NAMES, load("gatehouse", "test", texts(**settings)))
    except NotDeployable as error:
        return warnings, [line.strip() for line in str(error).splitlines()[1:]]
    return warnings, []


@pytest.mark.parametrize(
    ("number", "settings", "expected"),
    [
        (150, {}, "300 resources"),
        (149, {"api": {"corsOrigins": ["*"]}}, "299 resources"),
        (37, {"api": {"flavour": "http"}}, "296 routes"),
        (150, {"functions": {"layout": "collection"}}, "151 roles"),
        (149, {"functions": {"layout": "single"}}, "two policies"),
        (37, {"api": {"flavour": "http"}, "functions": {"layout": "collection"}}, "37 integrations"),
        (3, {"functions": {"environment": {"LONG": "x" * 3700}}}, "4 KB"),
        (3, {"api": {"stageVariables": {f"v{each}": "x" for each in range(99)}}}, "100 stage variables"),
        (3, {"api": {"corsOrigins": [f"https://a{each:03}.example.com" for each in range(140)]}}, "4 KB"),
    ],
)
def test_nothing_is_said_about_quotas_that_suffice(
    number: int, settings: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert problems_of(monkeypatch, number, **settings) == ([], []), expected


@pytest.mark.parametrize(
    ("number", "settings", "warning"),
    [
        (151, {}, "302 resources of the REST API, 2 more than AWS's quota of 300: request an increase, or use fewer"),
        (150, {"api": {"corsOrigins": ["*"]}}, "301 resources of the REST API, 1 more than AWS's quota of 300: "),
        (38, {"api": {"flavour": "http"}}, "304 routes of the HTTP API, 4 more than AWS's quota of 300: request an"),
        (
            300,
            {"api": {"flavour": "http"}, "functions": {"layout": "collection"}},
            "2,400 routes of the HTTP API, 2,100 more than AWS's quota of 300: request an increase, or use api.flavour",
        ),
        (167, {}, "1,003 IAM roles, 3 more than AWS's quota of 1,000: request an increase, or use fewer functions"),
    ],
)
def test_a_quota_that_aws_can_raise_is_a_warning(
    number: int, settings: dict[str, Any], warning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings, problems = problems_of(monkeypatch, number, **settings)
    assert any(each.startswith(warning) for each in warnings), warnings
    assert problems == []


@pytest.mark.parametrize(
    ("number", "settings", "problem"),
    [
        (
            51,
            {"api": {"flavour": "http"}},
            "306 integrations of the HTTP API, 6 more than AWS's quota of 300: use functions.layout: collection",
        ),
        (3, {"api": {"stageVariables": {f"v{each}": "x" for each in range(100)}}}, "101 stage variables, 1 more than"),
        (
            3,
            {"api": {"corsOrigins": [f"https://a{each:03}.example.com" for each in range(200)]}},
            "bytes of a function's environment variables",
        ),
        (3, {"functions": {"environment": {"LONG": "x" * 3950}}}, "bytes of a function's environment variables"),
        (
            3,
            {"functions": {"overrides": {"authorizer": {"environment": {"LONG": "x" * 3950}}}}},
            "bytes of a function's environment variables",
        ),
    ],
)
def test_any_other_quota_is_a_problem(
    number: int, settings: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, problems = problems_of(monkeypatch, number, **settings)
    (found,) = problems
    assert problem in found


def test_the_managed_policies_of_a_role_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_sizes, "IN_MANAGED_POLICY", 1500)
    warnings, problems = problems_of(monkeypatch, 400, functions={"layout": "single"})
    (found,) = (each for each in warnings if "managed policies" in each)
    assert found.endswith("more than AWS's quota of 10: request an increase, or use functions.layout: collection")
    assert problems == []


def test_usage_plans_and_their_clients_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [{"name": f"p{each:03}", **PLAN, "clients": {"main": [f"c{each}"]}} for each in range(301)]
    warnings, _ = problems_of(monkeypatch, usage={"plans": plans, "unlisted": "p000"})
    assert [each.partition(",")[0] for each in warnings] == ["301 usage plans"]
    plans = [{"name": "all", **PLAN, "clients": {"main": [f"c{each}" for each in range(10_001)]}}]
    warnings, _ = problems_of(monkeypatch, usage={"plans": plans, "unlisted": "all"})
    assert warnings == [
        "10,001 API keys, 1 more than AWS's quota of 10,000: request an increase, or list fewer clients in usage.plans"
    ]


def test_the_size_of_the_document_is_compared() -> None:
    settings = load("gatehouse", "test", texts())
    document = '{"paths": {}, "x": "' + "x" * DOCUMENT.limit + '"}'
    assert exceeded_quotas((), NAMES, settings, document) == [Exceeded(DOCUMENT, len(document))]
    assert exceeded_quotas((), NAMES, settings, document[: DOCUMENT.limit - 2] + '"}') == []


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_the_document_is_measured_with_the_arns_of_the_stacks_region(
    region: str, partition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents: list[str] = []

    def record(*given: Any) -> list[Exceeded]:
        documents.append(given[-1])
        return []

    monkeypatch.setattr(deployable, "exceeded_quotas", record)
    monkeypatch.setattr(pulumi.Config, "get", lambda *_: region)
    require_deployable(routes(MANY[:1]), NAMES, load("gatehouse", "test", texts()))
    function = f"arn:{partition}:lambda:{region}:000000000000:function:gatehouse-test-c000-read/invocations"
    (document,) = documents
    assert f'"uri": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}"' in document
    assert set(re.findall(r"arn:([a-z-]+):", document)) == {partition}
