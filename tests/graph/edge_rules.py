"""Rules about what clients reach first: the domain, and the firewall."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from local.plans.architecture import Architecture

TLS_1_2: Final = re.compile(r"TLS_1_2|SecurityPolicy_TLS13_1_[23]_\w+")
"""The security policies that require TLS 1.2 or 1.3."""
SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "x-api-key"})
WHOLE_PARTS: Final = frozenset({"SINGLE_COOKIE", "QUERY_STRING", "BODY"})
"""Parts of a request that are protected whole."""


def every_domain_and_the_api_behind_it_require_tls_1_2(plan: Architecture) -> Iterator[str]:
    domains = plan.deployment.of_type("aws:apigateway/domainName:DomainName")
    rest_apis = plan.deployment.of_type("aws:apigateway/restApi:RestApi") if domains else ()
    for each in (*domains, *rest_apis):
        if not TLS_1_2.fullmatch(each.inputs.get("securityPolicy", "")):
            yield f"{each.type} {each.name}"


def a_domain_leads_to_the_stage_and_without_one_the_default_endpoint_answers(plan: Architecture) -> Iterator[str]:
    (api,) = plan.apis
    mappings = plan.deployment.of_type("aws:apigatewayv2/apiMapping:ApiMapping")
    domains = {each.inputs["domainName"] for each in plan.deployment.of_type("aws:apigateway/domainName:DomainName")}
    for each in mappings:
        if (each.inputs["apiId"], each.inputs["stage"]) != (api.id, _stage(plan).inputs[_stage_name(plan)]):
            yield f"{each.name} leads to {each.inputs['apiId']}/{each.inputs['stage']}"
    if domains != {each.inputs["domainName"] for each in mappings}:
        yield f"{domains} lead nowhere, or to more than one stage"
    if api.inputs.get("disableExecuteApiEndpoint") and not domains:
        yield "clients cannot reach the API"


def each_firewall_covers_the_stage(plan: Architecture) -> Iterator[str]:
    associations = plan.deployment.of_type("aws:wafv2/webAclAssociation:WebAclAssociation")
    for each in plan.deployment.of_type("aws:wafv2/webAcl:WebAcl"):
        covered = [
            link.inputs["resourceArn"] for link in associations if link.inputs["webAclArn"] == each.outputs["arn"]
        ]
        if covered != [_stage(plan).outputs["arn"]]:
            yield f"{each.name}: {covered}"


def no_firewall_reveals_credentials(plan: Architecture) -> Iterator[str]:
    """Samples show headers, and an output of WAF contains whatever neither data protection nor redaction excludes."""
    for each in plan.deployment.of_type("aws:wafv2/webAcl:WebAcl"):
        for visible in (each.inputs, *each.inputs["rules"]):
            if visible["visibilityConfig"].get("sampledRequestsEnabled") is not False:
                yield f"{each.name}: samples of {visible['name']}"
        yield from (f"{each.name} protects no {part}" for part in sorted(_unprotected(each.inputs)))
    for each in plan.deployment.of_type("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"):
        fields = each.inputs.get("redactedFields", ())
        found = {field["singleHeader"]["name"] for field in fields if "singleHeader" in field}
        found |= {"query string"} if any("queryString" in field for field in fields) else set()
        yield from (f"{each.name} logs {part}" for part in sorted({*SECRET_HEADERS, "query string"} - found))


def _unprotected(acl: Mapping[str, Any]) -> set[str]:
    """Return the parts of a request that a web ACL's data protection lacks."""
    missing = {*SECRET_HEADERS, *WHOLE_PARTS}
    for each in acl.get("dataProtectionConfig", {}).get("dataProtections", ()):
        field = each["field"]
        if each["action"] == "SUBSTITUTION" and not each.get("excludeRuleMatchDetails"):
            missing -= {field["fieldType"]} if "fieldKeys" not in field else set(field["fieldKeys"])
    return missing


def _stage(plan: Architecture) -> Any:
    types = ("aws:apigateway/stage:Stage", "aws:apigatewayv2/stage:Stage")
    (stage,) = (each for type_ in types for each in plan.deployment.of_type(type_))
    return stage


def _stage_name(plan: Architecture) -> str:
    return "stageName" if "stageName" in _stage(plan).inputs else "name"
