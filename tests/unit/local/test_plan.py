"""Plans: JSON records and a tree of the resources, without network or credentials."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, NoReturn

import pytest
from rich.console import Console

from local.engine.values import UNKNOWN
from local.plans.plan import count, plan, records, tree
from tests.unit.local.programs import named, write_program

if TYPE_CHECKING:
    from pathlib import Path

    from local.engine import Deployment

SOURCE = """
import pulumi_aws as aws

group = Group("group")
inner = pulumi.ResourceOptions(parent=group)
table = aws.dynamodb.Table("table", hash_key="id", attributes=[{"name": "id", "type": "S"}],
    opts=pulumi.ResourceOptions(parent=group, protect=True))
function = aws.lambda_.Function("function", role="arn:aws:iam::000000000000:role/r", handler="m.f", memory_size=256,
    code=pulumi.FileArchive("build/function.zip"),
    environment={"variables": {"TABLE": table.name, "PASSWORD": pulumi.Output.secret("hunter2")}}, opts=inner)
Thing("files", archive=pulumi.AssetArchive({
    "a.txt": pulumi.StringAsset("text"), "b": pulumi.FileArchive(str(__import__("pathlib").Path("b").absolute())),
    "c.txt": pulumi.FileAsset("/elsewhere/c.txt"), "d": pulumi.RemoteArchive("https://example.com/d.zip")}))
"""


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A plan without network, home folder and credentials."""

    def fail(*_: object) -> NoReturn:
        raise AssertionError("a plan must not use the network")

    monkeypatch.setattr(socket.socket, "connect", fail)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    return plan(write_program(tmp_path / "project", SOURCE, stack="aws:region: eu-west-1"), "dev")


def test_records_are_json_with_unknown_secret_and_file_values_as_strings(planned: Deployment) -> None:
    found = {record["name"]: record for record in json.loads(json.dumps(records(planned)))}
    assert found["function"] == {
        "type": "aws:lambda/function:Function",
        "name": "function",
        "parent": "urn:pulumi:dev::demo::test:index:Group::group",
        "protect": False,
        "inputs": {
            "role": "arn:aws:iam::000000000000:role/r",
            "handler": "m.f",
            "memorySize": 256,
            "code": "build/function.zip",
            "environment": {"variables": {"TABLE": "[unknown]", "PASSWORD": "[secret]"}},
        },
    }
    assert found["table"]["protect"] is True
    assert found["files"]["inputs"] == {
        "archive": {"a.txt": "text", "b": "b", "c.txt": "/elsewhere/c.txt", "d": "https://example.com/d.zip"}
    }


def test_records_contain_the_stack_and_its_resources_in_order(planned: Deployment) -> None:
    names = [record["name"] for record in records(planned)]
    assert names == ["demo-dev", "group", "files", "table", "function"]
    assert records(planned)[0]["parent"] == ""


def test_the_tree_shows_parents_and_protection(planned: Deployment) -> None:
    console = Console(width=100, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(tree(planned))
    assert capture.get().splitlines() == [
        "+ pulumi:pulumi:Stack demo-dev",
        "├── + test:index:Group group",
        "│   ├── + aws:dynamodb/table:Table table [protect]",
        "│   └── + aws:lambda/function:Function function",
        "└── + test:index:Thing files",
    ]


def test_the_count_is_that_of_the_resources_in_aws(tmp_path: Path, planned: Deployment) -> None:
    assert count(planned) == "2 AWS resources"
    source = """
    import pulumi_aws as aws
    Group("group")
    aws.sns.Topic("topic", opts=pulumi.ResourceOptions(provider=aws.Provider("explicit", region="eu-west-1")))
    aws.iam.Role.get("existing", "role")
    """
    assert count(plan(write_program(tmp_path / "other", source, stack="aws:region: eu-west-1"), "dev")) == (
        "1 AWS resource"
    )


def test_look_ups_use_the_settings_and_are_otherwise_unknown(tmp_path: Path) -> None:
    source = """
    import pulumi_aws as aws

    Thing("thing", region=aws.get_region().region, partition=aws.get_partition().partition,
        later=aws.get_region_output().region, account=aws.get_caller_identity_output().account_id)
    """
    inputs = named(plan(write_program(tmp_path, source, stack="aws:region: eu-west-1"), "dev"), "thing").inputs
    assert inputs == {"region": "eu-west-1", "partition": "aws", "later": "eu-west-1", "account": UNKNOWN}


def test_settings_can_be_overridden(tmp_path: Path) -> None:
    root = write_program(tmp_path, 'Thing("thing", size=pulumi.Config().require_int("size"))', config="size: 3")
    assert named(plan(root, "dev", {"size": "4"}), "thing").inputs == {"size": 4}
