"""A customer-managed key, as a program with one deploys it."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.engine import Deployment, run
from local.provider.example import ExampleProvider

PROGRAM = """
import pulumi
from infra.kms_key import KmsKey, KmsKeyArgs
from infra.naming import Names

names = Names(pulumi.get_project(), pulumi.get_stack())
service = {"Effect": "Allow", "Principal": {"Service": pulumi.Output.from_input("x.amazonaws.com")}, "Resource": "*"}
arguments = KmsKeyArgs(names=names, description="Encrypts the tables", statements=[service])
pulumi.export("arn", KmsKey("data", arguments, pulumi.ResourceOptions(protect=True)).arn)
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    program = Path(tmp_path_factory.mktemp("key")) / "__main__.py"
    program.write_text(PROGRAM)
    return run(
        program, project="gatehouse", stack="prod", config={"aws:region": "us-east-1"},
        provider=ExampleProvider("us-east-1"), preview=False,
    )  # fmt: skip


def inputs(deployment: Deployment, type_: str) -> dict[str, Any]:
    (found,) = deployment.of_type(type_)
    return dict(found.inputs)


def test_it_is_rotated_and_kept_for_thirty_days_after_its_deletion(deployment: Deployment) -> None:
    key = inputs(deployment, "aws:kms/key:Key")
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30
    assert deployment.exports["arn"].startswith("arn:aws:kms:us-east-1:123456789012:key/")


def test_its_alias_names_the_stack_and_its_purpose(deployment: Deployment) -> None:
    alias = inputs(deployment, "aws:kms/alias:Alias")
    assert alias["name"] == "alias/gatehouse-prod-data"
    assert deployment.exports["arn"].endswith(f"/{alias['targetKeyId']}")


def test_its_policy_lets_the_account_and_others_use_it(deployment: Deployment) -> None:
    account, other = json.loads(inputs(deployment, "aws:kms/key:Key")["policy"])["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert other["Principal"] == {"Service": "x.amazonaws.com"}


def test_options_apply_to_the_key(deployment: Deployment) -> None:
    assert {each.protect for each in deployment.resources if ":kms/" in each.type} == {True}
