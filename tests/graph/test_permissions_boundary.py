"""Every role that a stack creates has the permissions boundary of its settings."""

import pytest

from infra.packaging.bundles import ROOT
from local.plans.plan import plan
from tests.graph.settings_space import everything_on, overrides

ROLE = "aws:iam/role:Role"
BOUNDARY = "arn:aws:iam::123456789012:policy/gatehouse-account/gatehouse-account-main-roles-production"


@pytest.mark.parametrize("flavour", ["rest", "http"])
def test_every_role_has_the_boundary(flavour: str) -> None:
    settings = {**overrides(everything_on(flavour)), "provider.permissionsBoundary": BOUNDARY}
    roles = plan(ROOT, "prod", settings).of_type(ROLE)
    assert len(roles) > 15
    assert {each.inputs.get("permissionsBoundary") for each in roles} == {BOUNDARY}


def test_without_the_setting_no_role_has_one() -> None:
    roles = plan(ROOT, "prod").of_type(ROLE)
    assert roles
    assert not any("permissionsBoundary" in each.inputs for each in roles)
