"""The project `infra/account` (API Gateway's role for logs), deployed into an emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.bundles import ROOT
from local.engine import ProgramError, deploy

if TYPE_CHECKING:
    from local.provider import Provider

PROJECT = ROOT / "infra" / "account"
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
    deploy(PROJECT, "main", provider, {"replaceRole": "true"})
    assert gateway.get_account()["cloudwatchRoleArn"] == role
