"""Domains and firewalls of planned stacks."""

import json
from functools import cache
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from local.engine import ProgramError
from local.plans.plan import example, plan
from tests.graph.conftest import Graph

DOMAIN = {"domain.name": "api.example.com", "domain.zoneId": "Z0123456789"}


@cache
def graph(**settings: str) -> Graph:
    return Graph(plan(ROOT, "dev", {name.replace("_", "."): value for name, value in settings.items()}))


def with_domain(**settings: str) -> Graph:
    return graph(**{name.replace(".", "_"): value for name, value in DOMAIN.items()}, **settings)


def api_of(flavour: str, found: Graph) -> dict[str, Any]:
    return found.inputs("apigateway/restApi:RestApi" if flavour == "rest" else "apigatewayv2/api:Api")


@pytest.mark.parametrize("flavour", ["rest", "http"])
class TestDefaultEndpoints:
    def test_a_domain_disables_it(self, flavour: str) -> None:
        inputs = api_of(flavour, with_domain(api_flavour=flavour))
        assert inputs["disableExecuteApiEndpoint"] is True

    @pytest.mark.parametrize("kept", ["domain_disableDefaultEndpoint", ""])
    def test_without_a_domain_or_on_request_it_stays(self, flavour: str, kept: str) -> None:
        found = with_domain(api_flavour=flavour, **{kept: "false"}) if kept else graph(api_flavour=flavour)
        assert not api_of(flavour, found).get("disableExecuteApiEndpoint")

    def test_the_deployment_follows_it(self, flavour: str) -> None:
        kept = {**DOMAIN, "domain.disableDefaultEndpoint": "false"}
        deployments = [
            next(each for each in example(ROOT, "dev", {"api.flavour": flavour, **settings}).custom
                 if each.type.endswith("/deployment:Deployment"))
            for settings in ({}, DOMAIN, kept)
        ]  # fmt: skip
        without, disabled, answering = (each.inputs["triggers"]["api"] for each in deployments)
        assert disabled not in (without, answering)


def test_a_rest_api_always_says_whether_its_default_endpoint_is_disabled() -> None:
    """The provider would keep the value of an argument that is removed."""
    assert api_of("rest", graph())["disableExecuteApiEndpoint"] is False


def test_the_url_is_that_of_the_domain_with_its_base_path() -> None:
    exports = with_domain(domain_basePath="v1").deployment.exports
    assert exports["url"] == "https://api.example.com/v1"
    assert "domainTarget" in exports
    assert "domainTarget" not in graph().deployment.exports


def test_without_a_zone_nothing_is_created_in_route_53() -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    found = graph(domain_name="api.example.com", domain_certificateArn=arn)
    assert found.of_type("route53/record:Record") == found.of_type("acm/certificate:Certificate") == {}
    assert found.inputs("apigateway/domainName:DomainName")["regionalCertificateArn"] == arn


def test_no_record_overwrites_another() -> None:
    records = with_domain().of_type("route53/record:Record")
    assert set(records) == {"domain-validation", "domain-ipv4", "domain-ipv6"}
    assert not any("allowOverwrite" in each.inputs for each in records.values())


def test_a_certificate_of_another_region_is_rejected_before_anything_is_created() -> None:
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
    with pytest.raises(ProgramError, match=r"gatehouse:domain\.certificateArn: must be in the stack's region"):
        graph(domain_name="api.example.com", domain_certificateArn=arn)


class TestFirewalls:
    def test_large_bodies_and_nothing_else_of_the_rule_groups_only_count(self) -> None:
        rules = {rule["name"]: rule for rule in graph(waf_enabled="true").inputs("wafv2/webAcl:WebAcl")["rules"]}
        assert [each["priority"] for each in rules.values()] == [0, 1, 2, 3]
        assert rules["rate-limit"]["action"] == {"block": {}}
        assert rules["rate-limit"]["statement"]["rateBasedStatement"] == {
            "limit": 2000, "evaluationWindowSec": 300, "aggregateKeyType": "IP",
        }  # fmt: skip
        groups = {name: rule for name, rule in rules.items() if name != "rate-limit"}
        assert {json.dumps(rule["overrideAction"]) for rule in groups.values()} == {'{"none": {}}'}
        overrides = {
            name: rule["statement"]["managedRuleGroupStatement"]["ruleActionOverrides"] for name, rule in groups.items()
        }
        assert overrides.pop("AWSManagedRulesCommonRuleSet") == [
            {"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}
        ]
        assert set(map(len, overrides.values())) == {0}

    def test_nothing_is_blocked_while_rules_are_tried_out(self) -> None:
        rules = graph(waf_enabled="true", waf_blocks="false").inputs("wafv2/webAcl:WebAcl")["rules"]
        assert {json.dumps(rule.get("action") or rule["overrideAction"]) for rule in rules} == {'{"count": {}}'}

    @pytest.mark.parametrize(("logs", "filtered"), [("matches", True), ("all", False)])
    def test_matches_or_all_requests_are_logged_with_the_retention_of_the_stack(
        self, logs: str, *, filtered: bool
    ) -> None:
        found = graph(waf_enabled="true", waf_logs=logs)
        config = found.inputs("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
        assert ("loggingFilter" in config) is filtered
        group = found.of_type("cloudwatch/logGroup:LogGroup")["waf"].inputs
        assert (group["name"], group["retentionInDays"]) == ("aws-waf-logs-gatehouse-dev-waf", 14)

    def test_without_logs_there_is_no_log_group(self) -> None:
        found = graph(waf_enabled="true", waf_logs="none")
        assert "waf" not in found.of_type("cloudwatch/logGroup:LogGroup")
