"""A program's own AWS provider: allowed accounts, the region, and default tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.engine import ResourceError
from local.provider.provider_settings import ProviderSettings
from tests.e2e.provider.deploying import only

if TYPE_CHECKING:
    from tests.e2e.provider.deploying import Deployer

ACCOUNT = "000000000000"
TOPIC_ROLE = """
    from infra.provider import AssumedRole, ProviderSettings, aws_provider

    pulumi.runtime.set_all_config({{"aws:region": "{region}"}}, [])
    settings = ProviderSettings(account_ids=({accounts}), assume_role={role})
    opts = aws_provider(settings, {tags})
    aws.iam.Role("{name}", name="{name}", assume_role_policy=ROLE, tags={own}, opts=opts)
"""


def program(name: str, **values: Any) -> str:
    defaults = {"region": "us-east-1", "accounts": "", "role": None, "tags": {}, "own": None}
    return TOPIC_ROLE.format(name=name, **{**defaults, **values})


def role_names(deployer: Deployer) -> list[str]:
    return [each["RoleName"] for each in deployer.client("iam").list_roles()["Roles"]]


def tags_of(deployer: Deployer, name: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in deployer.client("iam").list_role_tags(RoleName=name)["Tags"]}


def test_a_wrong_account_is_rejected_before_anything_is_created(deployer: Deployer) -> None:
    with pytest.raises(ResourceError, match=f"AWS account {ACCOUNT} is not allowed; allowed: 123456789012"):
        deployer(program("refused", accounts='"123456789012",'))
    assert "refused" not in role_names(deployer)


def test_an_allowed_account_is_changed(deployer: Deployer) -> None:
    role = 'AssumedRole(arn="arn:aws:iam::000000000000:role/deployment")'
    deployer(program("accepted", accounts=f'"123456789012", "{ACCOUNT}"', role=role))
    assert "accepted" in role_names(deployer)


def test_another_region_than_the_emulators_is_rejected(deployer: Deployer) -> None:
    with pytest.raises(ResourceError, match="region must be us-east-1, the only region of the local stack"):
        deployer(program("elsewhere", region="eu-west-1"))
    assert "elsewhere" not in role_names(deployer)


def test_every_resource_has_the_default_tags_and_its_own_which_take_precedence(deployer: Deployer) -> None:
    deployment = deployer(program("tagged", tags={"team": "a", "stage": "dev"}, own={"stage": "test"}))
    assert tags_of(deployer, "tagged") == {"team": "a", "stage": "test"}
    assert only(deployment, "aws:iam/role:Role").inputs["tags"] == {"team": "a", "stage": "test"}


def test_a_setting_that_would_have_no_effect_locally_is_rejected() -> None:
    with pytest.raises(ValueError, match="does not support these provider settings: endpoints, httpProxy"):
        ProviderSettings.of({"httpProxy": "http://proxy", "endpoints": "[{}]", "skipRegionValidation": "true"})
