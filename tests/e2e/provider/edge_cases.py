"""Inputs of the types of domains and firewalls, for the tests of each type's lifecycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.provider import Provider

HTTP_STAGE = "aws:apigatewayv2/stage:Stage"
DOMAIN = "aws:apigateway/domainName:DomainName"
MAPPING = "aws:apigatewayv2/apiMapping:ApiMapping"
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
RECORD = "aws:route53/record:Record"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Edge:
    """Resources to which others refer: the APIs have a stage `used`."""

    rest_api: str
    http_api: str
    stage_arn: str
    certificates: tuple[str, str]
    zone: str
    domain: str
    web_acl: str


def prepare(provider: Provider, rest_api: str, http_api: str, stage_arn: str) -> Edge:
    """Create the resources to which others refer. The REST API has a stage `used`, with this ARN."""
    provider.create(HTTP_STAGE, "used", {"apiId": http_api, "name": "used"})
    issued = {"domainName": "api.example.com", "validationMethod": "DNS"}
    first, second = (provider.create(CERTIFICATE, "used", issued).id for _ in range(2))
    route53 = provider.connection.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="used")["HostedZone"]["Id"]
    domain = provider.create(DOMAIN, "used", {"domainName": "used.example.com", "regionalCertificateArn": first}).id
    acl = {"name": "used", "scope": "REGIONAL", "defaultAction": {"allow": {}}, "visibilityConfig": metric("used")}
    web_acl = provider.create(WEB_ACL, "used", acl).outputs["arn"]
    return Edge(rest_api, http_api, stage_arn, (first, second), zone.rpartition("/")[2], domain, web_acl)


def metric(name: str) -> Inputs:
    return {"metricName": name, "cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": False}


def cases(at: Edge) -> dict[str, list[Inputs]]:
    """Return the inputs of each type: as created, and after each of several changes in place."""
    return domain_cases(at) | firewall_cases(at)


def domain_cases(at: Edge) -> dict[str, list[Inputs]]:
    first, second = at.certificates
    certificate: Inputs = {"domainName": "x.example.com", "validationMethod": "DNS", "tags": {"stage": "dev"}}
    domain: Inputs = {
        "domainName": "api.example.com", "regionalCertificateArn": first, "securityPolicy": "TLS_1_2",
        "endpointConfiguration": {"types": "REGIONAL", "ipAddressType": "dualstack"}, "tags": {"stage": "dev"},
    }  # fmt: skip
    mapping: Inputs = {"domainName": at.domain, "apiId": at.rest_api, "stage": "used", "apiMappingKey": "v1"}
    record: Inputs = {"zoneId": at.zone, "name": "x.example.com", "type": "A"}
    alias = {"name": "d-1.execute-api.us-east-1.amazonaws.com", "zoneId": "Z1", "evaluateTargetHealth": False}
    return {
        DOMAIN: [
            domain, domain | {"regionalCertificateArn": second, "tags": {"team": "b"}},
            domain | {"endpointConfiguration": {"types": "REGIONAL", "ipAddressType": "ipv4"}},
        ],
        MAPPING: [
            mapping, mapping | {"apiId": at.http_api}, mapping | {"apiMappingKey": "v2"},
            {name: value for name, value in mapping.items() if name != "apiMappingKey"},
        ],
        CERTIFICATE: [certificate, certificate | {"tags": {"team": "b"}}, certificate | {"tags": {}}],
        VALIDATION: [{"certificateArn": first, "validationRecordFqdns": ["_x.example.com"]}],
        RECORD: [
            record | {"aliases": [alias]}, record | {"aliases": [alias | {"name": "d-2.example"}]},
            record | {"records": ["192.0.2.1"], "ttl": 60},
        ],
    }  # fmt: skip


def firewall_cases(at: Edge) -> dict[str, list[Inputs]]:
    group = {"vendorName": "AWS", "name": "Some", "ruleActionOverrides": [{"name": "a", "actionToUse": {"count": {}}}]}
    rate = {"limit": 10, "evaluationWindowSec": 300, "aggregateKeyType": "IP"}
    rules = [
        {"name": "rate", "priority": 0, "action": {"block": {}}, "statement": {"rateBasedStatement": rate},
         "visibilityConfig": metric("rate")},
        {"name": "group", "priority": 1, "overrideAction": {"none": {}}, "visibilityConfig": metric("group"),
         "statement": {"managedRuleGroupStatement": group}},
    ]  # fmt: skip
    protection = {"action": "SUBSTITUTION", "field": {"fieldType": "SINGLE_HEADER", "fieldKeys": ["authorization"]}}
    acl: Inputs = {
        "name": "cycle", "scope": "REGIONAL", "defaultAction": {"allow": {}}, "visibilityConfig": metric("cycle"),
        "rules": rules, "tags": {"stage": "dev"}, "dataProtectionConfig": {"dataProtections": [protection]},
    }  # fmt: skip
    group_arn = "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-"
    fields = [{"queryString": {}}, {"singleHeader": {"name": "cookie"}}]
    kept = [{"behavior": "KEEP", "requirement": "MEETS_ANY", "conditions": [{"actionCondition": {"action": "BLOCK"}}]}]
    log: Inputs = {"resourceArn": at.web_acl, "logDestinationConfigs": [f"{group_arn}a"], "redactedFields": fields}
    without = {name: value for name, value in acl.items() if name != "dataProtectionConfig"}
    return {
        WEB_ACL: [
            acl, acl | {"rules": rules[:1], "tags": {"team": "b"}}, acl | {"visibilityConfig": metric("other")},
            without,
        ],
        LOGGING: [
            log | {"loggingFilter": {"defaultBehavior": "DROP", "filters": kept}}, log,
            log | {"redactedFields": fields[:1], "logDestinationConfigs": [f"{group_arn}b"]},
        ],
        ASSOCIATION: [{"resourceArn": at.stage_arn, "webAclArn": at.web_acl}],
    }  # fmt: skip
