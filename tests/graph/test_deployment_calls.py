"""A deployment's role may make every call that the resources of a stack need."""

from functools import cache

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest

from infra.packaging.bundles import ROOT
from local.plans.plan import example
from tests.graph.deployment_calls import CALLS, requests
from tests.graph.settings_space import everything_on, overrides
from tests.graph.test_account_roles import may
from tests.security.role_permissions import Request

IN_NO_API = {"apigateway", "backup-storage"}
"""Services whose actions are HTTP methods, or that have no API."""

PERMISSIONS_ONLY = {
    "iam:PassRole",
    *(f"logs:{verb}LogDelivery" for verb in ("Create", "Get", "Update", "Delete")), "logs:ListLogDeliveries",
}  # fmt: skip
"""Actions that are no operation of an API."""


@cache
def planned() -> set[str]:
    """Return the types of resources of stacks with everything on, of both flavours."""
    stacks = [example(ROOT, "prod", overrides(everything_on(flavour))) for flavour in ("rest", "http")]
    return {each.type for stack in stacks for each in stack.resources if each.type.startswith("aws:")}


def test_every_type_of_resource_can_be_created_read_changed_and_deleted() -> None:
    needed = [each for type_ in sorted(planned()) for each in requests(type_)]
    assert len(needed) > 200
    granted = set(map(str, may("deploy-production", *needed)))
    assert [str(each) for each in needed if str(each) not in granted] == []


def test_types_that_only_some_stacks_have_are_allowed_too() -> None:
    needed = [each for type_ in CALLS for each in requests(type_)]
    assert may("deploy-production", *needed) == needed


@pytest.mark.parametrize("action", ["kms:RetireGrant", "wafv2:DisassociateWebACL", "cloudwatch:PutCompositeAlarm"])
def test_a_preview_may_make_none_of_the_calls_that_change_something(action: str) -> None:
    calls = [each for type_ in CALLS for each in requests(type_) if each.action == action]
    assert calls
    assert may("preview", *calls) == []


def test_every_action_exists() -> None:
    session = botocore.session.get_session()
    actions = {each.action for type_ in CALLS for each in requests(type_)} - PERMISSIONS_ONLY
    by_service: dict[str, set[str]] = {}
    for service, _, name in (each.partition(":") for each in actions):
        by_service.setdefault(service, set()).add(name)
    for service in by_service.keys() - IN_NO_API:
        known = set(session.get_service_model(service).operation_names)
        assert by_service[service] <= known, service


def test_a_key_of_another_owner_cannot_be_used_or_changed() -> None:
    calls = [each for type_ in ("aws:kms/key:Key", "aws:backup/vault:Vault") for each in requests(type_)]
    reads = {"kms:CreateKey", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"}
    changes = [each for each in calls if each.action.startswith("kms:") and each.action not in reads]
    for aliases in (["alias/other"], ["alias/other", "alias/gatehouse-prod-x"]):
        others = [Request(each.action, each.resource, {"kms:ResourceAliases": aliases}) for each in changes]
        assert len(others) > 8
        assert may("deploy-production", *others) == []
