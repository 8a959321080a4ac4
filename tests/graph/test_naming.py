"""Every physical name follows the rule of docs/naming.md, and stacks in one account never share one."""

import re
from collections.abc import Mapping

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest

from infra.packaging.bundles import ROOT
from local.engine import Deployment, ProgramError
from local.plans.plan import example, plan
from local.provider.resources import RESOURCE_TYPES
from tests.graph.settings_space import everything_on, overrides

WITHIN = {
    "aws:apigateway/stage:Stage": "an API",
    "aws:appautoscaling/policy:Policy": "a target of scaling",
    "aws:appautoscaling/scheduledAction:ScheduledAction": "a target of scaling",
    "aws:apigatewayv2/stage:Stage": "an API",
    "aws:iam/rolePolicy:RolePolicy": "a role",
    "aws:lambda/alias:Alias": "a function",
    "aws:lambda/permission:Permission": "a function",
}
"""Types whose names are unique within another resource, which has a name of the stack."""

FUNCTION = "aws:lambda/function:Function"

NAMED = {
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "alarmName",
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
    "aws:lambda/layerVersion:LayerVersion": "layerName",
}
"""The property with the name, for types that do not call it `name`."""

PLANS = {flavour: overrides(everything_on(flavour)) for flavour in ("rest", "http")}


def names(deployment: Deployment) -> set[tuple[str, str]]:
    """The type and the physical name of each resource whose name must be unique in its account and region."""
    found: set[tuple[str, str]] = set()
    for resource in deployment.resources:
        kind = RESOURCE_TYPES.get(resource.type)
        name = resource.inputs.get(NAMED.get(resource.type) or (kind and kind.name_property) or "name")
        if resource.type.startswith("aws:") and resource.type not in WITHIN and isinstance(name, str):
            found.add((resource.type, name))
    return found


def planned(stack: str, settings: Mapping[str, str]) -> set[tuple[str, str]]:
    return names(plan(ROOT, stack, settings))


@pytest.mark.parametrize("settings", PLANS.values(), ids=PLANS)
def test_every_name_is_of_the_project_and_the_stack(settings: Mapping[str, str]) -> None:
    found = planned("prod", settings)
    assert found
    records = {name for type_, name in found if type_ == "aws:route53/record:Record"}  # domains of the settings
    rule = re.compile("(.*/|aws-waf-logs-)?gatehouse-prod[-/]")
    assert [name for _, name in found if not rule.match(name) and name not in records] == []


@pytest.mark.parametrize("settings", PLANS.values(), ids=PLANS)
def test_a_branch_stack_shares_no_name_with_its_base(settings: Mapping[str, str]) -> None:
    base, branch = planned("prod", settings), planned("prod-pr-12", settings)
    assert len(base) == len(branch)
    assert base & branch == set()


LIMITS = {
    "aws:backup/plan:Plan": r"[\w.-]{1,50}",
    "aws:backup/selection:Selection": ("backup", "BackupSelectionName"),
    "aws:backup/vault:Vault": ("backup", "BackupVaultName"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("cloudwatch", "AlarmName"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "LogGroupName"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "AlarmName"),
    "aws:cloudwatch/queryDefinition:QueryDefinition": ("logs", "QueryDefinitionName"),
    "aws:cognito/userPool:UserPool": ("cognito-idp", "UserPoolNameType"),
    "aws:cognito/userPoolClient:UserPoolClient": ("cognito-idp", "ClientNameType"),
    "aws:dynamodb/table:Table": ("dynamodb", "TableName"),
    "aws:iam/role:Role": ("iam", "roleNameType"),
    "aws:kms/alias:Alias": ("kms", "AliasNameType"),
    "aws:lambda/function:Function": r"[\w-]{1,64}",
    "aws:lambda/layerVersion:LayerVersion": ("lambda", "LayerName"),
    "aws:sns/topic:Topic": r"[\w-]{1,256}",
    "aws:wafv2/webAcl:WebAcl": ("wafv2", "EntityName"),
}
"""What AWS allows as names: a shape of botocore, or a pattern from the API's reference where botocore has none."""


def is_allowed(name: str, limit: str | tuple[str, str]) -> bool:
    if isinstance(limit, str):
        return re.fullmatch(limit, name) is not None
    service, shape = limit
    found = botocore.session.get_session().get_service_model(service).shape_for(shape).metadata
    assert found, limit
    return len(name) <= found.get("max", len(name)) and re.fullmatch(found.get("pattern", ".*"), name) is not None


@pytest.mark.parametrize("settings", PLANS.values(), ids=PLANS)
def test_the_names_of_the_longest_stack_that_is_accepted_are_allowed(settings: Mapping[str, str]) -> None:
    longest = "prod_" + "x" * 27
    found = names(example(ROOT, "prod", settings, name=longest))
    assert {type_ for type_, _ in found} >= LIMITS.keys() - {"aws:wafv2/webAcl:WebAcl"}
    assert {(kind, name) for kind, name in found if kind in LIMITS and not is_allowed(name, LIMITS[kind])} == set()
    with pytest.raises(ProgramError, match="-backups: the name of a backup vault and plan must have at most 50 chara"):
        example(ROOT, "prod", settings, name=f"{longest}x")


def test_a_branch_stack_has_the_settings_of_its_base() -> None:
    base, branch = (plan(ROOT, stack).of_type(FUNCTION) for stack in ("prod", "prod-pr-12"))
    assert [each.inputs["memorySize"] for each in branch] == [each.inputs["memorySize"] for each in base]
    assert branch[0].inputs["memorySize"] == 1024
