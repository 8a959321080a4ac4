"""The project `infra/account`, deployed into an emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.packaging.bundles import ROOT
from local.engine import Deployment, DeploymentError, ProgramError, deploy

if TYPE_CHECKING:
    from pathlib import Path

    from local.provider import Provider

PROJECT = ROOT / "infra" / "account"
STATE = "gatehouse-account-main-state-000000000000-us-east-1"
HOST = "token.actions.githubusercontent.com"
OTHER = "arn:aws:iam::000000000000:role/platform-team-logs"


def test_the_role_is_set_kept_by_a_second_up_and_replaces_another_only_on_request(provider: Provider) -> None:
    gateway = provider.connection.client("apigateway")
    role = deploy(PROJECT, "main", provider).exports["role"]
    assert role == "arn:aws:iam::000000000000:role/gatehouse-gateway-logs-us-east-1"
    assert gateway.get_account()["cloudwatchRoleArn"] == role
    assert deploy(PROJECT, "main", provider).exports["role"] == role

    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": OTHER}])
    with pytest.raises(ProgramError, match=OTHER):
        deploy(PROJECT, "main", provider)
    assert gateway.get_account()["cloudwatchRoleArn"] == OTHER
    assert deploy(PROJECT, "main", provider, {"logsRole": "existing"}).exports["role"] == OTHER
    deploy(PROJECT, "main", provider, {"logsRole": "replace"})
    assert gateway.get_account()["cloudwatchRoleArn"] == role


def test_the_state_and_the_roles_of_a_pipeline_are_created_once(provider: Provider, tmp_path: Path) -> None:
    environments = [{"name": "production", "stack": "prod"}]
    pipeline = json.dumps({"repository": "acme/api", "environments": environments})
    settings = {"state.enabled": "true", "pipeline": pipeline, "logsRole": "replace"}
    first = deploy(PROJECT, "main", provider, settings, checkpoint=tmp_path / "state.json")
    again = deploy(PROJECT, "main", provider, settings, checkpoint=tmp_path / "state.json")
    assert [step.operation for step in again.steps if step.operation not in ("same", "read")] == []

    assert first.exports["stateUrl"] == f"s3://{STATE}?region=us-east-1"
    client = provider.connection.client("s3")
    (rule,) = client.get_bucket_encryption(Bucket=STATE)["ServerSideEncryptionConfiguration"]["Rules"]
    key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert provider.connection.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    assert client.get_bucket_versioning(Bucket=STATE)["Status"] == "Enabled"
    block = client.get_public_access_block(Bucket=STATE)["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert all(block.values())
    assert "aws:SecureTransport" in client.get_bucket_policy(Bucket=STATE)["Policy"]
    (rule,) = client.get_bucket_lifecycle_configuration(Bucket=STATE)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90

    iam = provider.connection.client("iam")
    (found,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert found["Arn"].endswith(f":oidc-provider/{HOST}")
    role = iam.get_role(RoleName="gatehouse-account-main-deploy-production")["Role"]
    assert first.exports["deploymentRoles"] == {"production": role["Arn"]}
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("-deploy-production-boundary")
    policy = ":policy/gatehouse-account/gatehouse-account-main-roles-production"
    assert first.exports["boundaries"]["production"].endswith(policy)


def test_an_existing_provider_is_used_if_it_accepts_tokens_for_aws(provider: Provider, tmp_path: Path) -> None:
    iam = provider.connection.client("iam")
    arn = f"arn:aws:iam::000000000000:oidc-provider/{HOST}"
    for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=each["Arn"])
    pipeline = json.dumps({"repository": "acme/api", "provider": "existing"})
    settings = {"pipeline": pipeline, "logsRole": "replace"}

    def preview() -> Deployment:
        return deploy(PROJECT, "main", provider, settings, checkpoint=tmp_path / "state.json", preview=True)

    with pytest.raises(DeploymentError, match="no OpenID Connect provider"):
        preview()
    iam.create_open_id_connect_provider(Url=f"https://{HOST}", ClientIDList=["other"], ThumbprintList=[])
    with pytest.raises(ProgramError, match="does not accept the audience sts"):
        preview()
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    iam.create_open_id_connect_provider(Url=f"https://{HOST}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=[])
    assert not preview().of_type("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
