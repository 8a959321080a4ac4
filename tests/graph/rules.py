"""Rules that every plan must keep, whatever its settings: each yields what breaks it.

A plan must have the ids and ARNs of an example account (`local.plans.plan.example`). tests/graph/test_rules.py applies
every rule to many plans, and shows for each that it fails on a counter-example.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from handlers.contract import Route, load_collections, routes
from infra.naming import REVOCATIONS
from local.engine import Resource
from local.engine.values import Secret, revealed
from local.plans.architecture import Architecture, Document, Grant, Method, function_name, statements, texts
from local.provider.example import ACCOUNT
from local.provider.tags import is_taggable
from tests.graph.alarm_rules import (
    alarms_end_when_there_are_no_requests,
    alarms_evaluate_metrics_that_exist,
    alarms_keep_the_limits_of_cloudwatch,
    alarms_of_durations_go_off_before_the_timeout,
    every_function_table_and_api_has_its_alarms,
    one_alarm_notifies_and_every_other_reaches_it,
    only_cloudwatch_for_this_account_publishes_to_an_encrypted_topic,
)
from tests.graph.edge_rules import (
    a_domain_leads_to_the_stage_and_without_one_the_default_endpoint_answers,
    each_firewall_covers_the_stage,
    every_domain_and_the_api_behind_it_require_tls_1_2,
    no_firewall_reveals_credentials,
)

ROUTES: Final = {route.name: route for route in routes(load_collections())}

Rule = Callable[[Architecture], Iterator[str]]

KEY: Final = "aws:kms/key:Key"

KEY_ACTIONS: Final = {
    "kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey",
}  # fmt: skip
"""What DynamoDB does with a table's key for its callers (AWS, "DynamoDB encryption at rest: usage notes")."""

PROTECTION: Final = ("deletionProtectionEnabled", "pointInTimeRecovery", "serverSideEncryption")
"""The inputs that all tables of a stack have in common."""

WILDCARDS: Final = (
    (
        r"logs:\w+",
        r"arn:aws:logs:[^:]+:[0-9]+:log-group:[^:*]+:\*",
        "Lambda chooses the names of a group's log streams",
    ),
    (r"xray:Put\w+", r"\*", "X-Ray has no resources to which these actions could be limited"),
)
"""The actions that may be allowed on resources with a wildcard, with the reasons."""

SIGN_IN_FLOWS: Final = (["ALLOW_USER_SRP_AUTH"], ["ALLOW_REFRESH_TOKEN_AUTH"])
"""The flows of the user pool's own API that a client may allow. Without any, Cognito's default ones apply."""

CREDENTIALS: Final = (
    "identity.apiKey",
    "authorizer.token",
    "usageIdentifierKey",
    "header.",
    "request.body",
    "Authorization",
)
"""What an access log must not contain: variables of API Gateway whose values grant access, or are not known."""


def no_statement_has_a_wildcard_action(plan: Architecture) -> Iterator[str]:
    for grant in plan.grants:
        actions = texts(grant.statement.get("Action"))
        if "NotAction" in grant.statement or (any("*" in each for each in actions) and not _is_default_of_key(grant)):
            yield _where(grant)


def no_statement_has_a_wildcard_resource(plan: Architecture) -> Iterator[str]:
    for grant in plan.grants:
        for resource in texts(grant.statement.get("Resource")):
            is_wild = re.search(r"[*?]", resource) and not _is_this_key(grant, resource)
            if is_wild and not _may_be_wild(resource, texts(grant.statement.get("Action"))):
                yield f"{_where(grant)}: {resource}"
        if "NotResource" in grant.statement:
            yield _where(grant)


def only_the_account_and_its_services_may_use_a_key(plan: Architecture) -> Iterator[str]:
    """A service acts for any account, unless a condition requires this one (AWS, "The confused deputy problem")."""
    for grant in plan.grants:
        if grant.resource.type == KEY and not (_is_default_of_key(grant) or _is_for_tables(grant.statement)):
            principal = grant.statement.get("Principal")
            condition = json.dumps(grant.statement.get("Condition", {}))
            is_service = isinstance(principal, dict) and list(principal) == ["Service"]
            if not is_service or not re.search(r'"(aws:SourceAccount|aws:SourceArn|kms:CallerAccount)"', condition):
                yield _where(grant)


def each_role_is_used_once(plan: Architecture) -> Iterator[str]:
    used = Counter(role for role, _ in _users(plan))
    for name, role in plan.of_type("iam/role:Role").items():
        if used[role.outputs["arn"]] != 1:
            yield f"{name} is used {used[role.outputs['arn']]} times"


def only_managed_policies_of_the_stack_are_attached(plan: Architecture) -> Iterator[str]:
    """A policy of AWS can allow more than a function needs, and change."""
    arns = {each.outputs["arn"] for each in plan.of_type("iam/policy:Policy").values()}
    for each in plan.attachments:
        if each.inputs["policyArn"] not in arns:
            yield f"{each.inputs['role']}: {each.inputs['policyArn']}"


def each_managed_policy_has_one_role(plan: Architecture) -> Iterator[str]:
    attached = Counter(each.inputs["policyArn"] for each in plan.attachments)
    for name, policy in plan.of_type("iam/policy:Policy").items():
        if attached[policy.outputs["arn"]] != 1:
            yield f"{name} is attached to {attached[policy.outputs['arn']]} roles"


def only_the_service_that_uses_a_role_assumes_it(plan: Architecture) -> Iterator[str]:
    services = dict(_users(plan))
    for name, role in plan.of_type("iam/role:Role").items():
        principal = {"Service": services.get(role.outputs["arn"])}
        for each in statements(role.inputs["assumeRolePolicy"]):
            if each.get("Principal") != principal or each.get("Action") != "sts:AssumeRole":
                yield f"{name}: {each}"


def backups_are_of_exactly_the_tables(plan: Architecture) -> Iterator[str]:
    """The denylist is not backed up: a token is revoked for less time than a restore of old entries could help."""
    tables = {each.outputs["arn"] for name, each in plan.of_type("dynamodb/table:Table").items()
              if not name.endswith(REVOCATIONS)}  # fmt: skip
    for name, selection in plan.of_type("backup/selection:Selection").items():
        role = selection.inputs["iamRoleArn"].rpartition("/")[2]
        granted = {
            arn
            for grant in plan.grants_of(role)
            for arn in texts(grant.statement.get("Resource"))
            if ":dynamodb:" in arn
        }
        for found in (set(selection.inputs["resources"]), granted):
            yield from (f"{name}: {arn}" for arn in sorted(found ^ tables))


def every_function_may_do_exactly_what_its_routes_need(plan: Architecture) -> Iterator[str]:
    for name, function in plan.functions.items():
        served = {each.operation for each in plan.methods if each.function == name}
        if served:
            expected = {pair for each in served & ROUTES.keys() for pair in _needed(plan, ROUTES[each])}
            found = {pair for pair in _granted(plan, function) if pair[0].startswith("dynamodb:")}
            yield from (f"{name}: {pair} is missing" for pair in sorted(expected - found))
            yield from (f"{name}: {pair} is not needed" for pair in sorted(found - expected))


def every_log_group_has_retention(plan: Architecture) -> Iterator[str]:
    for name, group in plan.of_type("cloudwatch/logGroup:LogGroup").items():
        if not group.inputs.get("retentionInDays"):
            yield name


def every_saved_query_is_of_log_groups_that_exist_before(plan: Architecture) -> Iterator[str]:
    """A query has at most 50 of them. Together the queries have those of all functions and of the API's access log."""
    groups = plan.of_type("cloudwatch/logGroup:LogGroup")
    queries = plan.of_type("cloudwatch/queryDefinition:QueryDefinition")
    missing = {name for name in groups if name.startswith(("/aws/lambda/", "/aws/apigateway/"))} if queries else set()
    for name, query in queries.items():
        queried, earlier = query.inputs["logGroupNames"], _all_dependencies(plan, query)
        if not 0 < len(queried) <= 50:
            yield name
        yield from (f"{name}: {each}" for each in queried if each not in groups or groups[each].urn not in earlier)
        missing -= set(queried)
    yield from sorted(missing)


def every_function_writes_its_own_log_group_which_exists_before(plan: Architecture) -> Iterator[str]:
    """Lambda creates a missing log group itself, without retention."""
    groups = plan.of_type("cloudwatch/logGroup:LogGroup")
    used = Counter(each.inputs.get("loggingConfig", {}).get("logGroup") for each in plan.functions.values())
    for name, function in plan.functions.items():
        group = function.inputs.get("loggingConfig", {}).get("logGroup")
        if group not in groups or used[group] != 1 or groups[group].urn not in function.dependencies:
            yield f"{name}: {group}"


def every_table_is_protected_and_encrypted_alike(plan: Architecture) -> Iterator[str]:
    """The settings protect all tables of a stack, the denylist too: without it, revoked tokens would be accepted."""
    found = {
        name: (each.protect, *(json.dumps(each.inputs.get(key), sort_keys=True) for key in PROTECTION))
        for name, each in plan.of_type("dynamodb/table:Table").items()
    }
    if len(set(found.values())) != 1:
        yield from (f"{name}: {each}" for name, each in found.items())


def every_key_outlives_the_tables_that_it_encrypts(plan: Architecture) -> Iterator[str]:
    """A protected table is lost with its key."""
    keys = {each.outputs["arn"]: each for each in plan.deployment.of_type(KEY)}
    for name, table in plan.of_type("dynamodb/table:Table").items():
        encryption = table.inputs["serverSideEncryption"]
        key = keys.get(encryption.get("kmsKeyArn"))
        if encryption["enabled"] and (key is None or (table.protect and not key.protect)):
            yield f"{name}: {encryption}"


def every_function_may_use_the_keys_of_its_tables(plan: Architecture) -> Iterator[str]:
    """A call of DynamoDB fails if its caller may not use the table's key."""
    keys = {each.outputs["arn"]: each for each in plan.deployment.of_type(KEY)}
    tables = {each.outputs["arn"]: each for each in plan.of_type("dynamodb/table:Table").values()}
    for name, function in plan.functions.items():
        used = {
            arn.partition("/index/")[0] for action, arn in _granted(plan, function) if action.startswith("dynamodb:")
        }
        for table in (tables[arn] for arn in used if arn in tables):
            key = keys.get(table.inputs["serverSideEncryption"].get("kmsKeyArn"))
            if key and not any(_lets_use(each, function.inputs["role"]) for each in statements(key.inputs["policy"])):
                yield f"{name}: {table.name}"


def no_method_lacks_the_authorizer_except_options(plan: Architecture) -> Iterator[str]:
    for method in plan.methods:
        if method.name != "OPTIONS" and method.authorizer not in plan.functions:
            yield f"{method.name} {method.path}"


def exactly_the_routes_of_the_contract_are_deployed(plan: Architecture) -> Iterator[str]:
    expected = {(method, route.path, name) for name, route in ROUTES.items() for method in route.operation.methods}
    found = {(each.name, each.path, each.operation) for each in plan.methods if each.name != "OPTIONS"}
    yield from (f"{each} is missing" for each in sorted(expected - found))
    yield from (f"{each} is not in the contract" for each in sorted(found - expected))


def only_this_api_may_invoke_a_function_and_only_for_its_own_paths(plan: Architecture) -> Iterator[str]:
    """API Gateway chooses the function by the method too, so a permission may cover all methods of a path."""
    (api,) = plan.apis
    prefix = api.outputs["executionArn"]
    allowed, authorizing = set[Method](), set[str]()
    for permission in plan.permissions:
        function, source = function_name(permission.inputs["function"]), permission.inputs.get("sourceArn", "")
        found = {method for method in plan.methods if method.function and _matches(source, prefix, method)}
        authorizes = source == f"{prefix}/authorizers/*" and function in {each.authorizer for each in plan.methods}
        is_gateway = permission.inputs["principal"] == "apigateway.amazonaws.com"
        own = {each for each in plan.methods if each.function == function}
        if not is_gateway or not (authorizes or found) or {each.path for each in found} - {each.path for each in own}:
            yield f"{permission.name}: {source}"
        allowed |= found & own
        authorizing |= {function} if authorizes else set()
    for name in {each.authorizer for each in plan.methods if each.authorizer} - authorizing:
        yield f"{name} may not be invoked to authorize"
    for method in plan.methods:
        if method.function and method not in allowed:
            yield f"{method.name} {method.path} may not invoke {method.function}"


def no_secret_is_in_plain_properties_or_exports(plan: Architecture) -> Iterator[str]:
    deployment = plan.deployment
    secrets = {text for each in deployment.resources for text in _secrets([each.inputs, each.outputs])}
    secrets |= set(_secrets(deployment.exports))
    for resource in deployment.resources:
        for text in _plain_texts([resource.inputs, resource.outputs]):
            yield from (f"{resource.type} {resource.name}" for secret in secrets if secret in text)
    for text in _plain_texts(deployment.exports):
        yield from (f"an export: {text[:9]}…" for secret in secrets if secret in text)


def no_api_key_is_plain(plan: Architecture) -> Iterator[str]:
    for key in plan.deployment.of_type("aws:apigateway/apiKey:ApiKey"):
        if not isinstance(key.outputs.get("value"), Secret):
            yield key.name


def no_client_secret_is_plain(plan: Architecture) -> Iterator[str]:
    for client in plan.deployment.of_type("aws:cognito/userPoolClient:UserPoolClient"):
        if not isinstance(client.outputs.get("clientSecret"), Secret):
            yield client.name


def a_user_pool_is_protected_by_pulumi_and_by_cognito_or_by_neither(plan: Architecture) -> Iterator[str]:
    for pool in plan.deployment.of_type("aws:cognito/userPool:UserPool"):
        if pool.protect != (pool.inputs.get("deletionProtection") == "ACTIVE"):
            yield f"{pool.name}: {pool.protect}, {pool.inputs.get('deletionProtection')}"


def clients_get_tokens_by_a_code_or_by_their_secret(plan: Architecture) -> Iterator[str]:
    """The implicit flow would put tokens into URLs, and passwords belong to the sign-in pages only."""
    for client in plan.deployment.of_type("aws:cognito/userPoolClient:UserPoolClient"):
        inputs = client.inputs
        flows = ["client_credentials"] if inputs.get("generateSecret") else ["code"]
        if inputs.get("allowedOauthFlows") != flows or inputs.get("explicitAuthFlows") not in SIGN_IN_FLOWS:
            yield f"{client.name}: {inputs.get('allowedOauthFlows')}, {inputs.get('explicitAuthFlows')}"


def clients_can_revoke_tokens_and_cannot_find_out_who_is_a_user(plan: Architecture) -> Iterator[str]:
    for client in plan.deployment.of_type("aws:cognito/userPoolClient:UserPoolClient"):
        if not client.inputs.get("enableTokenRevocation"):
            yield f"{client.name}: enableTokenRevocation"
        if client.inputs.get("preventUserExistenceErrors") != "ENABLED":
            yield f"{client.name}: preventUserExistenceErrors"


def no_log_contains_credentials_or_bodies(plan: Architecture) -> Iterator[str]:
    for settings in plan.deployment.of_type("aws:apigateway/methodSettings:MethodSettings"):
        if settings.inputs["settings"].get("dataTraceEnabled") is not False:
            yield f"{settings.name}: bodies and headers"
    for type_ in ("aws:apigateway/stage:Stage", "aws:apigatewayv2/stage:Stage"):
        for stage in plan.deployment.of_type(type_):
            log_format = stage.inputs["accessLogSettings"]["format"]
            yield from (f"{stage.name}: {each}" for each in CREDENTIALS if each in log_format)


def each_document_has_its_own_deployment(plans: Iterable[Architecture]) -> Iterator[str]:
    """A deployment is a snapshot of the API, so it must be replaced whenever any part of the API changes."""
    apis: dict[str, set[str]] = {}
    for plan in plans:
        (api,) = plan.apis
        parts = {name: value for name, value in api.inputs.items() if name != "tags"}
        for type_ in ("aws:apigateway/deployment:Deployment", "aws:apigatewayv2/deployment:Deployment"):
            for deployment in plan.deployment.of_type(type_):
                triggers = json.dumps(deployment.inputs.get("triggers"))
                apis.setdefault(triggers, set()).add(repr((api.type, parts)))
    yield from (f"{len(found)} APIs have {triggers}" for triggers, found in apis.items() if len(found) > 1)


def every_resource_has_the_stacks_provider(plan: Architecture) -> Iterator[str]:
    """Others would be created in the caller's own account and region, without default tags."""
    (provider,) = plan.deployment.of_type("pulumi:providers:aws")
    for resource in plan.deployment.custom:
        if not resource.provider.startswith(f"{provider.urn}::"):
            yield f"{resource.type} {resource.name}"


def every_resource_that_can_have_tags_has_the_stacks(plan: Architecture) -> Iterator[str]:
    (provider,) = plan.deployment.of_type("pulumi:providers:aws")
    expected = json.loads(revealed(provider.inputs).get("defaultTags", '{"tags": {}}'))["tags"]
    for resource in plan.deployment.custom:
        found = resource.inputs.get("tags", {})
        if is_taggable(resource.type) and not expected.items() <= found.items():
            yield f"{resource.type} {resource.name}: {found}"


def _all_dependencies(plan: Architecture, resource: Resource) -> set[str]:
    """Return the URNs of the resources that exist before this one."""
    direct = {each.urn: each.dependencies for each in plan.deployment.resources}
    found, pending = set[str](), [resource.urn]
    while pending:
        new = set(direct.get(pending.pop(), ())) - found
        found |= new
        pending += new
    return found


def _users(plan: Architecture) -> Iterator[tuple[str, str]]:
    """Yield the ARN of each role that something uses, with the service that assumes it."""
    yield from ((each.inputs["role"], "lambda.amazonaws.com") for each in plan.functions.values())
    for each in plan.of_type("backup/selection:Selection").values():
        yield each.inputs["iamRoleArn"], "backup.amazonaws.com"


def _where(grant: Grant) -> str:
    return f"{grant.role or grant.resource.name}: {json.dumps(grant.statement)}"


def _is_this_key(grant: Grant, resource: str) -> bool:
    """Return whether a resource is the key whose policy it is in: the policy of a key has no other resource."""
    return grant.resource.type == KEY and resource == "*"


def _is_default_of_key(grant: Grant) -> bool:
    """Return whether a statement lets IAM policies of the account allow the use of a key, as KMS does by default."""
    principal = grant.statement.get("Principal")
    return grant.resource.type == KEY and principal == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def _is_for_tables(statement: Document) -> bool:
    """Return whether a statement lets roles of this stack use a key through DynamoDB, and nobody else."""
    condition = statement.get("Condition", {})
    required, roles = condition.get("StringEquals", {}), condition.get("ArnLike", {}).get("aws:PrincipalArn", "")
    return (
        required.get("kms:CallerAccount") == ACCOUNT
        and required.get("kms:ViaService") == "dynamodb.us-east-1.amazonaws.com"
        and re.fullmatch(rf"arn:aws:iam::{ACCOUNT}:role/gatehouse-\w+-\*", roles) is not None
    )


def _lets_use(statement: Document, role: str) -> bool:
    """Return whether a statement for tables lets a role use the key, for everything that DynamoDB needs."""
    pattern = statement.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn", "")
    return _is_for_tables(statement) and fnmatchcase(role, pattern) and set(texts(statement["Action"])) == KEY_ACTIONS


def _may_be_wild(resource: str, actions: list[str]) -> bool:
    return any(
        re.fullmatch(resources, resource) and actions and all(re.fullmatch(action, each) for each in actions)
        for action, resources, _ in WILDCARDS
    )


def _needed(plan: Architecture, route: Route) -> Iterator[tuple[str, str]]:
    """Yield the actions that a route needs, each with the ARN of the table or index."""
    (table,) = (
        each.outputs["arn"]
        for each in plan.of_type("dynamodb/table:Table").values()
        if each.name == route.collection.name
    )
    indexes = route.collection.indexes if route.operation.reads_indexes else ()
    for action in route.operation.actions:
        yield from ((action, arn) for arn in (table, *(f"{table}/index/{each.name}" for each in indexes)))


def _granted(plan: Architecture, function: Resource) -> Iterator[tuple[str, str]]:
    for grant in plan.grants_of(function.inputs["role"].rpartition("/")[2]):
        for action in texts(grant.statement.get("Action")):
            yield from ((action, arn) for arn in texts(grant.statement.get("Resource")))


def _matches(source: str, prefix: str, method: Method) -> bool:
    """Return whether the source of a permission covers a method of the API."""
    pattern = ".*".join(map(re.escape, source.split("*")))
    return re.fullmatch(pattern, f"{prefix}/stage/{method.name}{method.path.replace('{id}', 'x')}") is not None


def _secrets(value: Any) -> Iterator[str]:
    """Yield the texts that are secret."""
    match value:
        case Secret():
            yield from (text for text in _plain_texts(revealed(value)) if text)
        case dict():
            yield from (text for each in value.values() for text in _secrets(each))
        case list():
            yield from (text for each in value for text in _secrets(each))
        case _:
            return


def _plain_texts(value: Any) -> Iterator[str]:
    """Yield the texts that are not secret."""
    match value:
        case str():
            yield value
        case dict():
            yield from (text for each in value.values() for text in _plain_texts(each))
        case list():
            yield from (text for each in value for text in _plain_texts(each))
        case _:
            return


RULES: Final[tuple[Rule, ...]] = (
    no_statement_has_a_wildcard_action, no_statement_has_a_wildcard_resource,
    only_the_account_and_its_services_may_use_a_key, each_role_is_used_once,
    only_managed_policies_of_the_stack_are_attached, each_managed_policy_has_one_role,
    only_the_service_that_uses_a_role_assumes_it, backups_are_of_exactly_the_tables,
    every_function_may_do_exactly_what_its_routes_need, every_log_group_has_retention,
    every_saved_query_is_of_log_groups_that_exist_before,
    every_function_writes_its_own_log_group_which_exists_before,
    every_table_is_protected_and_encrypted_alike, every_key_outlives_the_tables_that_it_encrypts,
    every_function_may_use_the_keys_of_its_tables, no_method_lacks_the_authorizer_except_options,
    exactly_the_routes_of_the_contract_are_deployed, only_this_api_may_invoke_a_function_and_only_for_its_own_paths,
    no_secret_is_in_plain_properties_or_exports, no_api_key_is_plain,
    no_client_secret_is_plain,
    a_user_pool_is_protected_by_pulumi_and_by_cognito_or_by_neither,
    clients_get_tokens_by_a_code_or_by_their_secret,
    clients_can_revoke_tokens_and_cannot_find_out_who_is_a_user, no_log_contains_credentials_or_bodies,
    every_resource_has_the_stacks_provider, every_resource_that_can_have_tags_has_the_stacks,
    every_domain_and_the_api_behind_it_require_tls_1_2,
    a_domain_leads_to_the_stage_and_without_one_the_default_endpoint_answers,
    each_firewall_covers_the_stage, no_firewall_reveals_credentials,
    every_function_table_and_api_has_its_alarms,
    alarms_evaluate_metrics_that_exist,
    alarms_keep_the_limits_of_cloudwatch,
    alarms_end_when_there_are_no_requests,
    alarms_of_durations_go_off_before_the_timeout,
    one_alarm_notifies_and_every_other_reaches_it,
    only_cloudwatch_for_this_account_publishes_to_an_encrypted_topic,
)  # fmt: skip
