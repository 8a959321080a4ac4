"""A restore needs the permissions that docs/restore.md documents, and no others."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest

from infra.packaging.bundles import ROOT
from infra.restore.compare import Mode
from infra.restore.errors import RestoreError
from infra.restore.point import Clients, PointInTime, RestorePoint, parse_backup
from infra.restore.table_restore import Plan, TableRestore
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION, Options, free_port, start
from local.provider.connection import Connection
from tests.docs.pages import blocks_of
from tests.dynamodb.tables import create_table
from tests.e2e.test_restore import now

TABLE = "gatehouse-test-items"
VAULT = {"FindRecoveryPoint", "RestoreFromVault", "PassRoleToVault"}
"""Statements that a restore from a vault needs. The emulator restores none."""

(PAGE,) = (each.text for each in blocks_of(ROOT / "docs" / "restore.md") if each.kind == "policy")
SIDS = [each["Sid"] for each in json.loads(PAGE)["Statement"]]
ITEM = {"owner": {"S": "local|ann"}, "id": {"S": "1"}, "revision": {"S": "1"}}


@dataclass(frozen=True)
class Operator:
    """Restores a table in the emulator with a role. `clients` have its permissions, and `owner` has all."""

    owner: Connection
    clients: Clients
    statements: list[dict[str, Any]]
    moment: str

    def permit(self, statements: list[dict[str, Any]]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.owner.client("iam").put_role_policy(RoleName="operator", PolicyName="restore", PolicyDocument=policy)

    def restore_both(self) -> None:
        """Restore the table from a point in time, with all modes' operations, and from a backup, after a dry run."""
        dynamodb = self.owner.client("dynamodb")
        dynamodb.delete_item(TableName=TABLE, Key={name: ITEM[name] for name in ("owner", "id")})
        dynamodb.put_item(TableName=TABLE, Item={**ITEM, "id": {"S": "2"}})
        backup = dynamodb.create_backup(TableName=TABLE, BackupName="present")["BackupDetails"]["BackupArn"]
        point = PointInTime.parse(self.moment)
        self._restore(point, mode=Mode.EXACT, apply=True)
        assert dynamodb.scan(TableName=TABLE)["Items"] == [ITEM]
        self._restore(parse_backup(backup, None))
        self._restore(parse_backup(backup, None), discard=True)

    def _restore(self, point: RestorePoint, **more: Any) -> None:
        restore = TableRestore(TABLE, Plan(point=point, **more), self.clients, lambda _: None, lambda _: None)
        assert list(restore.run())

    def clean(self) -> None:
        """Delete what a failed restore left behind."""
        dynamodb = self.owner.client("dynamodb")
        for name in dynamodb.list_tables()["TableNames"]:
            if name != TABLE:
                dynamodb.delete_table(TableName=name)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with start(Options(state=tmp_path_factory.mktemp("emulator"), port=free_port())) as running:
        owner = Connection(running.endpoint_url, DEFAULT_REGION, DEFAULT_ACCOUNT)
        key = owner.client("kms").create_key()["KeyMetadata"]["KeyId"]
        yield Operator(owner, role(owner), policy(key), prepared(owner, key))


def role(owner: Connection) -> Clients:
    """Return clients with the permissions of a new role."""
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    arn = owner.client("iam").create_role(RoleName="operator", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    found = owner.client("sts").assume_role(RoleArn=arn, RoleSessionName="restore")["Credentials"]
    client = botocore.session.get_session().create_client(
        "dynamodb",
        endpoint_url=owner.endpoint,
        region_name=owner.region,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )
    return Clients(client, None)


def policy(key: str) -> list[dict[str, Any]]:
    """Return the statements of the page, for the table and the key in the emulator."""
    text = PAGE.replace("gatehouse-prod-items", TABLE).replace("111122223333", DEFAULT_ACCOUNT).replace("KEY-ID", key)
    return json.loads(text)["Statement"]


def prepared(owner: Connection, key: str) -> str:
    """Create a protected, provisioned table with a key of KMS and an item, and return a restore point."""
    create_table("items", TABLE, owner.endpoint)
    dynamodb = owner.client("dynamodb")
    encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": owner.arn("kms", f"key/{key}")}
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    dynamodb.update_table(TableName=TABLE, SSESpecification=encryption, DeletionProtectionEnabled=True)
    dynamodb.update_table(TableName=TABLE, BillingMode="PROVISIONED", ProvisionedThroughput=units)
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=recovery)
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    return now()


def test_the_documented_permissions_suffice(operator: Operator) -> None:
    operator.permit(operator.statements)
    operator.restore_both()


@pytest.mark.parametrize("sid", [sid for sid in SIDS if sid not in VAULT])
def test_each_permission_is_needed(operator: Operator, sid: str) -> None:
    """Without one of a statement's actions, or one of its resources, a restore fails and names an action."""
    for position, statement in enumerate(operator.statements):
        for name in ("Action", "Resource") if statement["Sid"] == sid else ():
            for value in values(statement[name]):
                without = copy.deepcopy(operator.statements)
                without[position][name] = [each for each in values(statement[name]) if each != value] or ["none:None"]
                operator.permit(without)
                with pytest.raises(RestoreError, match=r"permission [a-z]+:[A-Za-z]+ is missing"):
                    operator.restore_both()
                operator.clean()


def values(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
