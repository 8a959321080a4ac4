"""`python -m local plan --iam`: what each function may do, who may invoke it, and who may send requests, in words.

Every statement of every policy is shown. What has no words here is shown as it is in the policy.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from handlers.contract import Route
from local.engine import Resource
from local.plans.architecture import Architecture, Document, Method, function_name, statements, texts

VERBS: Final = {
    "dynamodb:GetItem": "read",
    "dynamodb:BatchGetItem": "read",
    "dynamodb:ConditionCheckItem": "check",
    "dynamodb:Query": "query",
    "dynamodb:PutItem": "write",
    "dynamodb:UpdateItem": "update",
    "dynamodb:DeleteItem": "delete",
    "logs:CreateLogStream": "write",
    "logs:PutLogEvents": "write",
    "xray:PutTraceSegments": "send",
    "xray:PutTelemetryRecords": "send",
}
"""The actions that have words."""

_TABLE: Final = re.compile(r"arn:[^:]+:dynamodb:[^:]*:[^:]*:table/(?P<table>[^/*]+)(/index/(?P<index>[^/*]+))?")
_LOG: Final = re.compile(r"arn:[^:]+:logs:[^:]*:[^:]*:log-group:(?P<group>[^:*]+):\*")
_ROUTE: Final = re.compile(r"/\*/(?P<method>[A-Z*]+)(?P<path>/.*)")
_GATEWAY: Final = "apigateway.amazonaws.com"
_WORDED: Final = {"Sid", "Effect", "Action", "Resource"}


def explain(plan: Architecture, routes: Sequence[Route]) -> Iterator[str]:
    """Yield the lines; `routes` are those of the contract, which name the scopes."""
    for role in plan.of_type("iam/role:Role").values():
        yield from _role_lines(plan, role)
        for function in plan.functions_of(role):
            yield from (f"  {line}" for line in _function_lines(plan, function, {each.name: each for each in routes}))
        yield ""
    yield from _api_lines(plan)
    for grant in plan.grants:
        if not grant.role:
            yield f"{grant.resource.type} {grant.resource.name} has the statement {json.dumps(grant.statement)}"


def _role_lines(plan: Architecture, role: Resource) -> Iterator[str]:
    functions = plan.functions_of(role)
    name = role.inputs["name"]
    yield f"{name}, the role of {_listed(f'function {each}' for each in functions) or 'no function'}"
    yield from (f"  {_trust(each)}" for each in statements(role.inputs["assumeRolePolicy"]))
    logs = {plan.functions[each].inputs.get("loggingConfig", {}).get("logGroup", "") for each in functions}
    yield from (f"  {in_words(grant.statement, logs)}" for grant in plan.grants_of(name))
    planned = {each.outputs["arn"] for each in plan.of_type("iam/policy:Policy").values()}
    for attachment in plan.attachments:
        if attachment.inputs["role"] == name and attachment.inputs["policyArn"] not in planned:
            yield f"  has the policy {attachment.inputs['policyArn']}"


def _trust(statement: Document) -> str:
    match statement:
        case {"Effect": "Allow", "Principal": {"Service": str(service), **others}, "Action": "sts:AssumeRole", **rest}:
            if not others and set(rest) <= {"Sid"}:
                return f"is assumed by {service} (sts:AssumeRole)"
        case _:
            pass
    return f"is assumed as in the statement {json.dumps(statement)}"


def in_words(statement: Document, own_logs: Iterable[str] = ()) -> str:
    """Return what a statement allows; `own_logs` are the log groups of the functions that have the role."""
    actions, resources = texts(statement.get("Action")), texts(statement.get("Resource"))
    conditions = {"Condition": statement["Condition"]} if "Condition" in statement else {}
    if set(statement) - _WORDED - set(conditions) or statement["Effect"] != "Allow" or not (actions and resources):
        return f"has the statement {json.dumps(statement)}"
    condition = f" if {json.dumps(statement['Condition'])}" if conditions else ""
    objects = _objects(resources, set(own_logs), {each.partition(":")[0] for each in actions})
    if objects is None or not set(actions) <= VERBS.keys():
        return f"may use {_listed(actions)} on {_listed(resources)}{condition}"
    verbs = dict.fromkeys(VERBS[each] for each in actions)
    return f"may {_listed(verbs)} {objects} ({', '.join(actions)}){condition}"


def _objects(resources: Sequence[str], own_logs: set[str], services: set[str]) -> str | None:
    """Return what the resources are called; None unless they all are of one kind that has words."""
    if tables := [_TABLE.fullmatch(each) for each in resources]:
        found = [each for each in tables if each]
        if len(found) == len(resources):
            return f"items in {_listed(_tables((each['table'], each['index']) for each in found))}"
    logs = [each["group"] for resource in resources if (each := _LOG.fullmatch(resource))]
    if len(logs) == len(resources):
        return _listed("its own log" if each in own_logs else f"the log {each}" for each in logs)
    return "traces to X-Ray, for any resource (*)" if services == {"xray"} and resources == ["*"] else None


def _tables(found: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Yield each table with its indexes."""
    indexes: dict[str, list[str | None]] = {}
    for table, index in found:
        indexes.setdefault(table, []).append(index)
    for table, listed in indexes.items():
        names = [each for each in listed if each]
        words = f"{'indexes' if len(names) > 1 else 'index'} {_listed(names)}"
        alone = f"the {words} of table {table}"
        yield (f"table {table} and its {words}" if names else f"table {table}") if None in listed else alone


def _function_lines(plan: Architecture, function: str, routes: Mapping[str, Route]) -> Iterator[str]:
    for permission in plan.permissions:
        if function_name(permission.inputs["function"]) == function:
            yield _invocation(plan, permission)
    yield from dict.fromkeys(_scope(each, routes) for each in plan.methods if each.function == function)


def _invocation(plan: Architecture, permission: Resource) -> str:
    inputs = permission.inputs
    source: str = inputs.get("sourceArn", "any source")
    arns = [each.outputs["executionArn"] for each in plan.apis]
    part = next((source.removeprefix(arn) for arn in arns if source.startswith(f"{arn}/")), "")
    route = _ROUTE.fullmatch(part)
    method = route["method"].replace("*", "any method of") if route else ""
    purpose = f"for {method} {route['path']}" if route else "to authorize" if part == "/authorizers/*" else ""
    alias = f", alias {inputs['qualifier']}," if "qualifier" in inputs else ""
    if inputs["principal"] == _GATEWAY and inputs["action"] == "lambda:InvokeFunction" and purpose:
        return f"is invoked{alias} by API Gateway {purpose}"
    return f"allows{alias} {inputs['principal']} {inputs['action']} for {source}"


def _scope(method: Method, routes: Mapping[str, Route]) -> str:
    if not method.authorizer:
        return f"serves {method.name} {method.path} WITHOUT AN AUTHORIZER"
    scope = routes[method.operation].scope if method.operation in routes else "a scope of its route"
    return f"serves requests that {method.authorizer} allows, for {scope}"


def _api_lines(plan: Architecture) -> Iterator[str]:
    names = ", ".join(each.inputs["name"] for each in plan.apis)
    protected = [each for each in plan.methods if each.authorizer]
    yield f"API {names}"
    for authorizer in dict.fromkeys(each.authorizer for each in protected):
        count = sum(each.authorizer == authorizer for each in protected)
        yield f"  {authorizer} authorizes {count} methods"
    for name in dict.fromkeys(each.name for each in plan.methods if not each.authorizer):
        paths = [each.path for each in plan.methods if each.name == name and not each.authorizer]
        yield f"  anyone may send {name} to {', '.join(paths)}"


def _listed(words: Iterable[str]) -> str:
    """Return words as they are listed in a sentence: `a, b and c`."""
    found = list(words)
    return " and ".join((", ".join(found[:-1]), found[-1])) if len(found) > 1 else "".join(found)
