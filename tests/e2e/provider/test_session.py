"""The `infra.*` commands reach the account of a stack with its region and role, and no other account."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from botocore.client import BaseClient

from infra import revoke
from infra.packaging.bundles import ROOT
from infra.provider import AssumedRole, ProviderSettings
from infra.session import AccountError, DeployedStack

if TYPE_CHECKING:
    from local.provider import Provider

ACCOUNT = "000000000000"
OTHER = "111122223333"


@pytest.fixture
def caller(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Set the environment of a command that may use the emulator's account."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", provider.connection.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    return provider


@pytest.fixture
def role(caller: Provider) -> str:
    """The ARN of a role that the caller may assume."""
    client, name = caller.connection.client("iam"), "operator"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    with contextlib.suppress(client.exceptions.EntityAlreadyExistsException):
        client.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def stack(**settings: Any) -> DeployedStack:
    read = DeployedStack.read(ROOT, "prod")
    return DeployedStack(
        read.names, msgspec.structs.replace(read.settings, provider=ProviderSettings(**settings)), "eu-west-3", None
    )


@pytest.mark.usefixtures("caller")
class TestAccounts:
    def test_a_session_has_the_region_of_the_stack(self) -> None:
        assert stack().session().client("dynamodb").meta.region_name == "eu-west-3"

    def test_an_allowed_account_is_reached(self) -> None:
        session = stack(account_ids=(OTHER, ACCOUNT)).session()
        assert session.client("sts").get_caller_identity()["Account"] == ACCOUNT

    def test_any_other_account_is_rejected_with_both_ids(self) -> None:
        with pytest.raises(AccountError) as raised:
            stack(account_ids=(OTHER,)).session()
        assert str(raised.value) == (
            f"stack prod must not be operated in account {ACCOUNT}; gatehouse:provider.accountIds allows: {OTHER}"
        )

    def test_a_command_in_another_account_does_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        settings = (f'gatehouse:provider={{"accountIds": ["{OTHER}"]}}', 'gatehouse:revocation={"enabled": true}')
        options = [f"--config={each}" for each in settings]
        assert revoke.main(["--stack", "prod", "--subject", "ann", *options]) == 1
        assert f"must not be operated in account {ACCOUNT}" in capsys.readouterr().err


class TestRoles:
    def test_the_role_is_assumed_under_the_name_of_the_session(self, role: str) -> None:
        session = stack(account_ids=(ACCOUNT,), assume_role=AssumedRole(arn=role, session_name="ann")).session()
        assert session.client("sts").get_caller_identity()["Arn"].endswith(":assumed-role/operator/ann")
        assert session.client("dynamodb").meta.region_name == "eu-west-3"
        assert session.get_credentials().method == "assumed"

    def test_the_external_id_is_sent(self, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[dict[str, Any]] = []
        original: Any = cast("Any", BaseClient)._make_api_call

        def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            sent.append({"operation": operation, **parameters})
            return original(client, operation, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)
        stack(account_ids=(ACCOUNT,), assume_role=AssumedRole(arn=role, external_id="secret-7")).session()
        assert {
            "operation": "AssumeRole", "RoleArn": role, "RoleSessionName": "gatehouse", "ExternalId": "secret-7",
        } in sent  # fmt: skip

    def test_a_role_of_another_account_is_rejected(self, role: str) -> None:
        with pytest.raises(AccountError, match=OTHER):
            stack(account_ids=(OTHER,), assume_role=AssumedRole(arn=role)).session()
