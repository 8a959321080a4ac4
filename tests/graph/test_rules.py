"""Every rule holds for the shipped stacks, with everything on, and for pairs of settings; and each can fail."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import pytest

from infra.packaging.bundles import ROOT
from local.plans.architecture import Architecture
from local.plans.plan import example
from local.provider.example import ACCOUNT
from tests.graph import rules
from tests.graph.alarm_rules import ALARM, COMPOSITE, TOPIC, TOPIC_POLICY
from tests.graph.altered import Alteration, altered, with_copy, with_inputs, with_json, without
from tests.graph.conftest import explained
from tests.graph.settings_space import everything_on, overrides, pairwise

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
GROUP = "aws:cloudwatch/logGroup:LogGroup"
QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"
FUNCTION = "aws:lambda/function:Function"
POOL = "aws:cognito/userPool:UserPool"
POOL_CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
TABLE = "aws:dynamodb/table:Table"
PERMISSION = "aws:lambda/permission:Permission"
API = "aws:apigateway/restApi:RestApi"
KEY = "aws:apigateway/apiKey:ApiKey"
DOMAIN = "aws:apigateway/domainName:DomainName"
MAPPING = "aws:apigatewayv2/apiMapping:ApiMapping"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
ENCRYPTION_KEY = "aws:kms/key:Key"

ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"

SHIPPED: Final = {"dev": {}, "prod": {}, "local": {}}
EVERYTHING: Final = {f"everything on, {each}": overrides(everything_on(each)) for each in ("rest", "http")}
PLANS: Final[Mapping[str, Mapping[str, str]]] = {**SHIPPED, **EVERYTHING}


@cache
def planned(name: str) -> Architecture:
    return explained(name) if name in SHIPPED else Architecture(example(ROOT, "prod", PLANS[name]))


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_it_holds(rule: rules.Rule, name: str) -> None:
    assert list(rule(planned(name))) == []


def action(name: str) -> Alteration:
    """Return a function that gives a role one more action on the table of its function."""
    return with_json(POLICY, "policy", lambda document: document["Statement"][1]["Action"].append(name), "items-read")


def resource(arn: str) -> Alteration:
    """Return a function that gives a role one more resource."""
    return with_json(POLICY, "policy", lambda document: document["Statement"][1]["Resource"].append(arn), "items-read")


def statement(changes: dict[str, Any], key: str = "policy", type_: str = POLICY) -> Alteration:
    """Return a function that changes the first statement of a policy."""
    return with_json(type_, key, lambda document: document["Statement"][0].update(changes), "items-read")


def key_policy(**changes: Any) -> Alteration:
    """Return a function that adds a key, whose policy has a statement with these changes."""
    statement = {
        "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "kms:Decrypt",
        "Resource": "*", "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }  # fmt: skip
    return with_copy(ROLE, "items-read", ENCRYPTION_KEY, policy=json.dumps({"Statement": [statement | changes]}))


def tables_key(change: Any) -> Alteration:
    """Return a function that changes the statement of the tables' key that lets the stack's roles use it."""
    return with_json(ENCRYPTION_KEY, "policy", lambda document: change(document["Statement"][1]), "data")


def operation(change: Any) -> Alteration:
    """Return a function that changes the operation GET /items of the API's document."""
    return with_json(API, "body", lambda document: change(document["paths"]["/items"]))


def metric(alarm: str, **changes: Any) -> Alteration:
    """Return a function that changes the first metric of an alarm."""
    return altered(ALARM, lambda found: found["metricQueries"][0]["metric"].update(changes), alarm)


def expression(alarm: str, changed: str) -> Alteration:
    """Return a function that changes the expression of an alarm."""
    return altered(ALARM, lambda found: found["metricQueries"][-1].update(expression=changed), alarm)


def publisher(changes: Mapping[str, Any]) -> Alteration:
    """Return a function that changes who may publish to the topic of alarms."""
    return with_json(TOPIC_POLICY, "policy", lambda document: document["Statement"][0].update(changes), "alarms")


PUBLISHERS: Final[Sequence[Mapping[str, Any]]] = (
    {"Principal": "*"}, {"Principal": {"Service": "events.amazonaws.com"}}, {"Action": "sns:*"}, {"Condition": {}},
    {"Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}},
    {"Condition": {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:gatehouse-prod-*"},
    }},
)  # fmt: skip
"""Statements of a topic's policy that allow too much, or somebody else."""

COUNTER_EXAMPLES: Final[Mapping[rules.Rule, Sequence[Alteration]]] = {
    rules.no_statement_has_a_wildcard_action: (
        action("dynamodb:*"), action("*"), statement({"NotAction": ["iam:*"]}), key_policy(Action="kms:*"),
    ),
    rules.no_statement_has_a_wildcard_resource: (
        resource("*"), resource("arn:aws:dynamodb:us-east-1:123456789012:table/*"), statement({"NotResource": ["x"]}),
        resource("arn:aws:logs:us-east-1:123456789012:log-group:*:*"),
        statement({"Action": ["xray:PutTraceSegments", "xray:GetTraceSummaries"], "Resource": "*"}),
    ),
    rules.only_the_account_and_its_services_may_use_a_key: (
        key_policy(Condition={}), key_policy(Principal="*"), key_policy(Principal={"AWS": "*"}),
        key_policy(Principal={"AWS": "arn:aws:iam::210987654321:root"}),
        tables_key(lambda tables: tables["Condition"].pop("StringEquals")),
        tables_key(lambda tables: tables["Condition"].pop("ArnLike")),
        tables_key(lambda tables: tables["Condition"]["ArnLike"].update({"aws:PrincipalArn": "*"})),
        tables_key(lambda tables: tables["Condition"]["StringEquals"].pop("kms:ViaService")),
    ),
    rules.each_role_is_used_once: (
        with_inputs(FUNCTION, "items-read", role="arn:aws:iam::123456789012:role/gatehouse-prod-items-list"),
        without(FUNCTION, "items-read"), without("aws:backup/selection:Selection", "backups"),
    ),
    rules.only_managed_policies_of_the_stack_are_attached: (
        with_copy(POLICY, "items-read", ATTACHMENT, role="items", policyArn="arn:aws:iam::aws:policy/Any"),
    ),
    rules.each_managed_policy_has_one_role: (
        with_copy(ROLE, "items-read", "aws:iam/policy:Policy", name="unattached", policy="{}"),
    ),
    rules.only_the_service_that_uses_a_role_assumes_it: (
        statement({"Principal": "*"}, "assumeRolePolicy", ROLE),
        statement({"Principal": {"Service": "lambda.amazonaws.com", "AWS": "*"}}, "assumeRolePolicy", ROLE),
        statement({"Action": "sts:*"}, "assumeRolePolicy", ROLE),
        statement({"Principal": {"Service": "backup.amazonaws.com"}}, "assumeRolePolicy", ROLE),
    ),
    rules.backups_are_of_exactly_the_tables: (
        with_inputs("aws:backup/selection:Selection", resources=["*"]), without(TABLE, "items"),
        with_json(POLICY, "policy", lambda document: document["Statement"][0]["Resource"].pop(), "backups"),
    ),
    rules.every_function_may_do_exactly_what_its_routes_need: (
        action("dynamodb:Scan"), resource("arn:aws:dynamodb:us-east-1:123456789012:table/gatehouse-prod-users"),
        with_json(POLICY, "policy", lambda document: document["Statement"].pop(), "items-read"),
    ),
    rules.every_log_group_has_retention: (
        with_inputs(GROUP, retentionInDays=None), with_inputs(GROUP, "execution", retentionInDays=0),
    ),
    rules.every_saved_query_is_of_log_groups_that_exist_before: (
        with_inputs(QUERY, "rejections", logGroupNames=["/aws/lambda/another"]),
        with_inputs(QUERY, "rejections", logGroupNames=[]), with_inputs(QUERY, "request", logGroupNames=[]),
        altered(QUERY, lambda inputs: inputs.update(logGroupNames=inputs["logGroupNames"] * 3), "request"),
        altered(QUERY, lambda _: None, "slowest", dependencies=()),
        altered(GROUP, lambda inputs: inputs.update(name="/aws/apigateway/another"), "access"),
    ),
    rules.every_function_writes_its_own_log_group_which_exists_before: (
        with_inputs(FUNCTION, "items-read", loggingConfig=None),
        with_inputs(FUNCTION, "items-read", loggingConfig={"logGroup": "/aws/lambda/gatehouse-prod-items-list"}),
        without(GROUP, "items-read"), altered(FUNCTION, lambda _: None, dependencies=()),
    ),
    rules.every_table_is_protected_and_encrypted_alike: (
        altered(TABLE, lambda _: None, protect=False), with_inputs(TABLE, deletionProtectionEnabled=False),
        with_inputs(TABLE, "items", pointInTimeRecovery={"enabled": False}),
        with_inputs(TABLE, "authorizer-revocations", serverSideEncryption={"enabled": False}),
    ),
    rules.every_key_outlives_the_tables_that_it_encrypts: (
        altered(ENCRYPTION_KEY, lambda _: None, "data", protect=False), without(ENCRYPTION_KEY, "data"),
    ),
    rules.every_function_may_use_the_keys_of_its_tables: (
        tables_key(lambda tables: tables["Action"].remove("kms:Decrypt")),
        tables_key(lambda tables: tables["Condition"].pop("ArnLike")),
        tables_key(lambda tables: tables["Condition"]["ArnLike"].update(
            {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/gatehouse-dev-*"})),
    ),
    rules.no_method_lacks_the_authorizer_except_options: (
        operation(lambda path: path["get"].pop("security")), operation(lambda path: path["get"].update(security=[])),
        operation(lambda path: path["get"].update(security=[{"api_key": []}])),
        operation(lambda path: path.update({"x-amazon-apigateway-any-method": {}})), without(FUNCTION, "authorizer"),
    ),
    rules.exactly_the_routes_of_the_contract_are_deployed: (
        operation(lambda path: path.pop("head")), operation(lambda path: path.update(delete=path["get"])),
        operation(lambda path: path["get"].update(operationId="items-create")),
    ),
    rules.only_this_api_may_invoke_a_function_and_only_for_its_own_paths: (
        with_inputs(PERMISSION, sourceArn=None), with_inputs(PERMISSION, principal="*"),
        with_inputs(PERMISSION, sourceArn="arn:aws:execute-api:us-east-1:123456789012:other/*/GET/items"),
        with_inputs(PERMISSION, "items-read", function="gatehouse-prod-items-create"),
        without(PERMISSION, "items-read"), without(PERMISSION, "items-create"), without(PERMISSION, "authorizer"),
    ),
    rules.no_secret_is_in_plain_properties_or_exports: (
        lambda plan: with_inputs(FUNCTION, description=f"Key {secret_of(plan)}")(plan),
        lambda plan: with_inputs(FUNCTION, environment={"variables": {"KEY": secret_of(plan)}})(plan),
        lambda plan: Architecture(
            dataclasses.replace(plan.deployment, exports={**plan.deployment.exports, "key": secret_of(plan)})
        ),
    ),
    rules.no_api_key_is_plain: (altered(KEY, lambda _: None, outputs={"value": "plain"}),),
    rules.no_client_secret_is_plain: (
        altered(POOL_CLIENT, lambda _: None, outputs={"clientSecret": "plain"}),
        altered(POOL_CLIENT, lambda _: None, outputs={}),
    ),
    rules.a_user_pool_is_protected_by_pulumi_and_by_cognito_or_by_neither: (
        altered(POOL, lambda _: None, protect=False), with_inputs(POOL, deletionProtection="INACTIVE"),
    ),
    rules.clients_get_tokens_by_a_code_or_by_their_secret: (
        with_inputs(POOL_CLIENT, "web", allowedOauthFlows=["code", "implicit"]),
        with_inputs(POOL_CLIENT, "web", allowedOauthFlows=["client_credentials"]),
        with_inputs(POOL_CLIENT, "web", explicitAuthFlows=None),
        with_inputs(POOL_CLIENT, "web", explicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]),
        with_inputs(POOL_CLIENT, "reports", allowedOauthFlows=["code"]),
    ),
    rules.clients_can_revoke_tokens_and_cannot_find_out_who_is_a_user: (
        with_inputs(POOL_CLIENT, enableTokenRevocation=False),
        with_inputs(POOL_CLIENT, preventUserExistenceErrors="LEGACY"),
    ),
    rules.no_log_contains_credentials_or_bodies: (
        with_inputs("aws:apigateway/methodSettings:MethodSettings", settings={"dataTraceEnabled": True}),
        with_inputs("aws:apigateway/methodSettings:MethodSettings", settings={}),
        with_inputs("aws:apigateway/stage:Stage", accessLogSettings={"format": "$context.identity.apiKey"}),
    ),
    rules.every_resource_has_the_stacks_provider: (
        altered(TABLE, lambda _: None, provider="urn:pulumi:prod::gatehouse::pulumi:providers:aws::default::x"),
        altered(TABLE, lambda _: None, provider=""),
    ),
    rules.every_resource_that_can_have_tags_has_the_stacks: (
        with_inputs(TABLE, tags={}), with_inputs(ROLE, "items-read", tags={"environment": "dev"}),
    ),
    rules.every_domain_and_the_api_behind_it_require_tls_1_2: (
        with_inputs(DOMAIN, securityPolicy="TLS_1_0"), with_inputs(DOMAIN, securityPolicy=None),
        with_inputs(API, securityPolicy=None), with_inputs(API, securityPolicy="TLS_1_0"),
    ),
    rules.a_domain_leads_to_the_stage_and_without_one_the_default_endpoint_answers: (
        with_inputs(MAPPING, apiId="other"), with_inputs(MAPPING, stage="other"), without(MAPPING, "domain"),
        without(DOMAIN, "domain"),
        lambda plan: without(MAPPING, "")(without(DOMAIN, "")(with_inputs(API, disableExecuteApiEndpoint=True)(plan))),
    ),
    rules.each_firewall_covers_the_stage: (
        without(ASSOCIATION, "waf"), with_inputs(ASSOCIATION, resourceArn="arn:aws:apigateway:us-east-1::/other"),
    ),
    rules.no_firewall_reveals_credentials: (
        altered(WEB_ACL, lambda acl: acl["visibilityConfig"].update(sampledRequestsEnabled=True)),
        altered(WEB_ACL, lambda acl: acl["rules"][0]["visibilityConfig"].update(sampledRequestsEnabled=True)),
        with_inputs(WEB_ACL, dataProtectionConfig=None),
        altered(WEB_ACL, lambda acl: acl["dataProtectionConfig"]["dataProtections"].pop(0)),
        altered(WEB_ACL, lambda acl: acl["dataProtectionConfig"]["dataProtections"].pop(2)),
        altered(WEB_ACL, lambda acl: acl["dataProtectionConfig"]["dataProtections"][3].update(action="HASH")),
        with_inputs(LOGGING, redactedFields=None), altered(LOGGING, lambda log: log["redactedFields"].pop(0)),
        altered(LOGGING, lambda log: log["redactedFields"].pop()),
    ),
    rules.every_function_table_and_api_has_its_alarms: (
        *(without(ALARM, name) for name in ("api-5xx", "api-latency", "authorizer-errors", "items-read-errors")),
        *(without(ALARM, name) for name in ("authorizer-faults", "key-fetch-failures", "revocation-failures")),
        *(without(ALARM, name) for name in ("items-throttles", "items-duration", "account-concurrency")),
        *(without(ALARM, name) for name in ("items-table-throttles", "authorizer-revocations-table-errors")),
        altered(ALARM, lambda alarm: alarm["metricQueries"].pop(0), "events-table-throttles"),
    ),
    rules.alarms_evaluate_metrics_that_exist: (
        metric("api-5xx", metricName="5XX"), metric("authorizer-faults", metricName="Faults"),
        metric("authorizer-faults", dimensions={}), metric("items-table-errors", dimensions={"TableName": "x"}),
        metric("items-throttles", dimensions={"FunctionName": "gatehouse-dev-items-read"}),
    ),
    rules.alarms_keep_the_limits_of_cloudwatch: (
        with_inputs(ALARM, treatMissingData=None), with_inputs(ALARM, threshold=0),
        with_inputs(ALARM, evaluationPeriods=289), metric("api-5xx", period=60), metric("authorizer-faults", period=90),
        altered(ALARM, lambda alarm: alarm["metricQueries"].extend(alarm["metricQueries"][:1] * 9), "api-5xx"),
        altered(ALARM, lambda alarm: alarm["metricQueries"][-1].pop("returnData"), "api-5xx"),
        with_inputs(ALARM, alarmDescription="x" * 1025),
    ),
    rules.alarms_end_when_there_are_no_requests: (
        expression("items-table-throttles", "m0 + m1"), expression("account-concurrency", "m0 + TIME_SERIES(0)"),
    ),
    rules.alarms_of_durations_go_off_before_the_timeout: (with_inputs(ALARM, "items-duration", threshold=900_001),),
    rules.one_alarm_notifies_and_every_other_reaches_it: (
        with_inputs(ALARM, "api-5xx", alarmActions=["arn:aws:sns:us-east-1:123456789012:t"]),
        with_inputs(COMPOSITE, "incident", alarmActions=None), without(COMPOSITE, "incident"),
        with_inputs(COMPOSITE, "incident", alarmRule='ALARM("gatehouse-prod-api-5xx")'), without(ALARM, "api-5xx"),
        altered(COMPOSITE, lambda alarm: alarm.update(alarmRule=f"{alarm['alarmRule']}{' ' * 10_000}"), "incident"),
    ),
    rules.only_cloudwatch_for_this_account_publishes_to_an_encrypted_topic: (
        with_inputs(TOPIC, kmsMasterKeyId=None), with_inputs(TOPIC, kmsMasterKeyId="alias/aws/sns"),
        without(TOPIC_POLICY, "alarms"), *(publisher(each) for each in PUBLISHERS),
        with_json(ENCRYPTION_KEY, "policy", lambda policy: policy["Statement"][1]["Action"].pop(), "alarms"),
        with_json(ENCRYPTION_KEY, "policy", lambda policy: policy["Statement"].pop(), "alarms"),
    ),
}  # fmt: skip
"""Mistakes that break each rule."""


def secret_of(plan: Architecture) -> str:
    """Return the value of a key that a client sends."""
    return plan.deployment.of_type(KEY)[0].outputs["value"].value


def test_a_key_may_be_used_by_the_account_and_by_a_service_for_it() -> None:
    by_service = key_policy()
    by_account = key_policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="kms:*", Condition={})
    assert [list(rule(by_account(by_service(planned("dev"))))) for rule in rules.RULES[:3]] == [[], [], []]


def test_every_rule_has_a_counter_example() -> None:
    assert list(COUNTER_EXAMPLES) == list(rules.RULES)


@pytest.mark.parametrize(
    ("rule", "alteration"),
    [
        pytest.param(rule, alteration, id=f"{rule.__name__}-{number}")
        for rule, alterations in COUNTER_EXAMPLES.items()
        for number, alteration in enumerate(alterations)
    ],
)
def test_it_fails_on_a_counter_example(rule: rules.Rule, alteration: Alteration) -> None:
    assert list(rule(alteration(planned("everything on, rest"))))


def test_a_deployment_follows_every_change_of_the_document() -> None:
    assert list(rules.each_document_has_its_own_deployment(map(planned, PLANS))) == []


@pytest.mark.parametrize("triggers", [None, {"api": "the same"}])
def test_a_deployment_that_does_not_follow_the_document_is_found(triggers: Any) -> None:
    stuck = with_inputs("aws:apigateway/deployment:Deployment", triggers=triggers)
    assert list(rules.each_document_has_its_own_deployment(map(stuck, map(planned, SHIPPED))))


def test_the_rules_hold_for_every_pair_of_settings() -> None:
    plans = [Architecture(example(ROOT, "prod", overrides(row))) for row in pairwise()]
    for plan, row in zip(plans, pairwise(), strict=True):
        broken = {rule.__name__: found for rule in rules.RULES if (found := list(rule(plan)))}
        assert not broken, row
    assert list(rules.each_document_has_its_own_deployment(plans)) == []
    assert len({repr(plan.apis[0].inputs) for plan in plans}) > len(plans) // 2
