"""The project of the account's role for API Gateway's logs, run against accounts that have such a role or none."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from local.engine import Deployment, ProgramError, deploy
from local.plans.plan import plan
from local.provider.lookups import look_up
from local.provider.state import Diff, Failure, State

PROJECT = ROOT / "infra" / "account"
OWN = "gatehouse-gateway-logs-us-east-1"
OTHER = "arn:aws:iam::123456789012:role/platform-team-logs"
ACCOUNT = "aws:apigateway/account:Account"
ROLE = "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


@dataclass
class Cloud:
    """An AWS account: API Gateway's setting, and the roles that exist."""

    present: str = ""
    partition: str = "aws"
    roles: list[str] = field(default_factory=list[str])
    created: list[str] = field(default_factory=list[str])

    def arn(self, role: str) -> str:
        return f"arn:{self.partition}:iam::123456789012:role/{role}"

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> State:
        self.created.append(type_)
        if type_ == ACCOUNT:
            self.present = inputs["cloudwatchRoleArn"]
        if type_ != ROLE:
            return State(id=name)
        assert inputs["name"] not in self.roles, "EntityAlreadyExists"
        self.roles.append(inputs["name"])
        return State(id=inputs["name"], outputs={"name": inputs["name"], "arn": self.arn(inputs["name"])})

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any] | None:
        answer = look_up(token, args, region="us-east-1", account="123456789012")
        if token.endswith(":getPartition"):
            return {**(answer or {}), "partition": self.partition}
        if token.endswith(":getRoles"):
            return {**(answer or {}), "names": self.roles}
        return answer

    def read(self, type_: str, state: State) -> State:
        name = state.id
        found = {"cloudwatchRoleArn": self.present} if type_ == ACCOUNT else {"name": name, "arn": self.arn(name)}
        return State(id=name, outputs=found)

    def configured(self, settings: dict[str, Any]) -> "Cloud":
        return self

    def with_defaults(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return inputs

    def check(self, type_: str, inputs: dict[str, Any]) -> list[Failure]:
        return []

    def diff(self, type_: str, state: State, inputs: dict[str, Any]) -> Diff:
        return Diff()

    def update(self, type_: str, state: State, inputs: dict[str, Any]) -> State:
        raise NotImplementedError

    def delete(self, type_: str, state: State) -> None:
        raise NotImplementedError


def up(cloud: Cloud, **settings: str) -> Deployment:
    return deploy(PROJECT, "main", cloud, settings)


def test_an_account_without_a_role_gets_one_named_after_its_region() -> None:
    cloud = Cloud()
    assert up(cloud).exports == {"role": cloud.arn(OWN)}
    assert (cloud.roles, cloud.present) == ([OWN], cloud.arn(OWN))


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_policy_is_of_the_accounts_own_partition(partition: str) -> None:
    (attachment,) = up(Cloud(partition=partition)).of_type(ATTACHMENT)
    policy = "policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    assert attachment.inputs["policyArn"] == f"arn:{partition}:iam::aws:{policy}"


def test_another_owners_role_is_kept_and_nothing_is_created() -> None:
    cloud = Cloud(present=OTHER)
    with pytest.raises(ProgramError) as raised:
        up(cloud)
    assert OTHER in str(raised.value)
    assert "pulumi config set gatehouse-account:logsRole existing" in str(raised.value)
    assert "pulumi config set gatehouse-account:logsRole replace" in str(raised.value)
    assert "Traceback" not in str(raised.value)
    assert (cloud.created, cloud.present) == ([], OTHER)


def test_another_owners_role_is_replaced_where_the_setting_allows_it() -> None:
    cloud = Cloud(present=OTHER)
    up(cloud, logsRole="replace")
    assert cloud.present == cloud.arn(OWN)


def test_another_owners_role_is_used_where_the_setting_says_so() -> None:
    cloud = Cloud(present=OTHER)
    assert up(cloud, logsRole="existing").exports == {"role": OTHER}
    assert (cloud.created, cloud.present) == ([], OTHER)


def test_an_existing_role_is_required_where_the_setting_says_so() -> None:
    cloud = Cloud()
    with pytest.raises(ProgramError, match="API Gateway has no role for the logs of this account and region"):
        up(cloud, logsRole="existing")
    assert cloud.created == []


def test_the_setting_of_earlier_versions_is_reported_with_its_present_name() -> None:
    with pytest.raises(
        ProgramError, match="gatehouse-account:replaceRole: unknown setting; now gatehouse-account:logs"
    ):
        up(Cloud(), replaceRole="true")


def test_a_role_that_a_destroy_left_is_imported() -> None:
    cloud = Cloud()
    up(cloud)
    again = up(cloud)
    assert again.exports == {"role": cloud.arn(OWN)}
    assert cloud.created.count(ROLE) == 1


def test_a_destroy_leaves_what_the_logs_of_every_stack_need() -> None:
    created = [each for each in plan(PROJECT, "main").resources if each.type.startswith("aws:")]
    assert {each.type for each in created} == {ROLE, ATTACHMENT, ACCOUNT}
    assert all(each.retain_on_delete for each in created)
