"""A stack whose tables have other settings, used over HTTP, looked up with boto3, and changed back and forth."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from handlers.contract import load_collections
from infra.packaging.bundles import ROOT
from local import deploy
from local.deploy import Engine
from local.provider import Provider
from local.running_stack import RunningStack, StackOptions, running_stack
from tests.e2e.conftest import Client, two_free_ports

LIMITS = {"reads": {"maximum": 900}, "writes": {"maximum": 800}}
FIXED = {"mode": "provisioned", "reads": {"minimum": 7}, "writes": {"minimum": 8}}
ON: dict[str, Any] = {
    "data": {
        "encryption": "customer",
        "recoveryDays": 7,
        "deletionProtection": True,
        "capacity": LIMITS,
        "overrides": {"items": {"capacity": FIXED}},
        "lifetimes": {"events": 90, "users": 1},
    },
    "backups": {"enabled": True, "retentionDays": 30},
}
OFF: dict[str, Any] = {"data": {"overrides": {"users": {"capacity": FIXED}}}}
TABLES = [collection.name for collection in load_collections()]
EVENT = {"name": "a", "date": "2026-06-15"}


class Deployed:
    """A running stack with a client of its API and clients of AWS."""

    def __init__(self, options: StackOptions, stack: RunningStack, http: httpx.Client) -> None:
        self.options, self.stack = options, stack
        self.api = Client(stack, http, flavour="rest")
        self.token = self.api.token()
        self.provider = Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account)
        self.dynamodb, self.kms = self.client("dynamodb"), self.client("kms")

    def client(self, service: str) -> Any:
        return self.provider.connection.client(service)

    def up(self, settings: dict[str, Any]) -> None:
        """Deploy again, with other settings."""
        given = replace(self.options, settings={"functions": self.options.settings["functions"], **settings})
        deploy.up(given.engine, given.target(self.stack.emulator.endpoint_url), lambda _: None)

    def table(self, name: str) -> dict[str, Any]:
        return self.dynamodb.describe_table(TableName=f"gatehouse-local-{name}")["Table"]

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.api.call(method, path, self.token, **more)

    def create(self, collection: str, **fields: Any) -> dict[str, Any]:
        answer = self.call("POST", f"/{collection}", json=fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def expire(self, collection: str, item_id: str) -> None:
        """Let an item expire now."""
        name = f"gatehouse-local-{collection}"
        (stored,) = (each for each in self.dynamodb.scan(TableName=name)["Items"] if each["id"]["S"] == item_id)
        assert int(stored["expires_at"]["N"]) > time.time()
        self.dynamodb.update_item(
            TableName=name, Key={key: stored[key] for key in ("owner", "id")}, UpdateExpression="SET expires_at = :now",
            ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
        )  # fmt: skip


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    settings = {"functions": {"architecture": "host", "layout": "single"}, **ON}
    options = StackOptions(
        root=ROOT, state=tmp_path_factory.mktemp("data"), port=two_free_ports(), engine=engine, settings=settings
    )
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        yield Deployed(options, stack, http)


def key_of(stack: Deployed) -> str:
    return stack.table("items")["SSEDescription"]["KMSMasterKeyArn"]


def test_capacity_protection_and_recovery_are_those_of_the_settings(stack: Deployed) -> None:
    for name in ("users", "events"):
        table = stack.table(name)
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        for each in (table, *table["GlobalSecondaryIndexes"]):
            assert each["OnDemandThroughput"] == {"MaxReadRequestUnits": 900, "MaxWriteRequestUnits": 800}
        assert table["DeletionProtectionEnabled"]
        described = stack.dynamodb.describe_continuous_backups(TableName=table["TableName"])
        recovery = described["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert (recovery["PointInTimeRecoveryStatus"], recovery["RecoveryPeriodInDays"]) == ("ENABLED", 7)
    throughput = stack.table("items")["ProvisionedThroughput"]
    assert (throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]) == (7, 8)


def test_one_key_with_rotation_encrypts_the_tables(stack: Deployed) -> None:
    assert {stack.table(name)["SSEDescription"]["KMSMasterKeyArn"] for name in TABLES} == {key_of(stack)}
    assert stack.kms.get_key_rotation_status(KeyId=key_of(stack))["KeyRotationEnabled"]
    (alias,) = stack.kms.list_aliases(KeyId=key_of(stack))["Aliases"]
    assert alias["AliasName"] == "alias/gatehouse-local-data"


def test_the_functions_use_the_tables_with_the_key_and_not_without_it(stack: Deployed) -> None:
    item = stack.create("items", name="a")
    assert stack.call("GET", f"/items/{item['id']}").json() == item
    key = key_of(stack)
    policy = stack.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    account, _ = json.loads(policy)["Statement"]
    stack.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Statement": [account]}))
    try:
        assert stack.call("GET", f"/items/{item['id']}").status_code == 500
    finally:
        stack.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert stack.call("GET", f"/items/{item['id']}").status_code == 200


def test_an_expired_item_does_not_exist_and_its_id_is_free(stack: Deployed) -> None:
    event, user = stack.create("events", **EVENT), stack.create("users", id="expired", name="a", email="c@d")
    assert "Sunset" in stack.call("GET", f"/events/{event['id']}").headers
    stack.expire("events", event["id"])
    stack.expire("users", user["id"])
    for path in (f"/events/{event['id']}", "/users/expired"):
        for method, more in (("GET", {}), ("PATCH", {"json": {"name": "b"}}), ("DELETE", {})):
            assert stack.call(method, path, headers={"If-Match": "*"}, **more).status_code == 404
    assert stack.call("GET", "/events?date=2026-06-15").json()["events"] == []
    assert stack.call("GET", "/users?email=c@d").json()["users"] == []
    again = stack.create("users", id="expired", name="b")
    assert stack.call("GET", "/users/expired").json() == again
    assert stack.call("GET", "/users?email=c@d").json()["users"] == []


def test_the_tables_and_no_others_are_backed_up_every_night(stack: Deployed) -> None:
    backup = stack.client("backup")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    (rule,) = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    assert (rule["ScheduleExpression"], rule["Lifecycle"]) == ("cron(0 3 * * ? *)", {"DeleteAfterDays": 30})
    (selected,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    ids = {"BackupPlanId": plan["BackupPlanId"], "SelectionId": selected["SelectionId"]}
    resources = backup.get_backup_selection(**ids)["BackupSelection"]["Resources"]
    assert set(resources) == {stack.table(name)["TableArn"] for name in TABLES}
    vault = backup.describe_backup_vault(BackupVaultName=rule["TargetBackupVaultName"])
    assert ":key/" in vault["EncryptionKeyArn"]
    assert vault["EncryptionKeyArn"] != key_of(stack)


@contextmanager
def traffic(stack: Deployed) -> Iterator[list[tuple[str, int]]]:
    """Create, read, change, list and delete items until the end of the block. Yields the requests with their status."""
    sent, stop = list[tuple[str, int]](), threading.Event()

    def send() -> None:
        with httpx.Client(timeout=30) as http:
            client = Client(stack.stack, http, flavour="rest")

            def call(method: str, path: str, **more: Any) -> httpx.Response:
                answer = client.call(method, path, stack.token, **more)
                sent.append((f"{method} {path.split('/')[1]}", answer.status_code))
                return answer

            while not stop.is_set():
                created = call("POST", "/events", json=EVENT)
                path = f"/events/{created.json().get('id')}"
                call("PUT", path, json={**EVENT, "name": "b"})
                call("GET", path)
                call("GET", f"/events?date={EVENT['date']}")
                call("DELETE", path)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(send)
        try:
            yield sent
        finally:
            stop.set()
            running.result()


def test_no_request_fails_while_the_tables_change_their_key(stack: Deployed) -> None:
    first = key_of(stack)
    with traffic(stack) as sent:
        for encryption in ("owned", "customer"):
            before = len(sent)
            stack.up({**ON, "data": {**ON["data"], "encryption": encryption}})
            assert len(sent) > before + 5, "requests were sent during the deployment"
    assert {status for _, status in sent} == {200, 201, 204}, [each for each in sent if each[1] >= 400]
    assert key_of(stack) != first


def test_settings_change_and_change_back_without_a_new_table_or_a_lost_item(stack: Deployed) -> None:
    kept = {name: stack.create(name, **(EVENT if name == "events" else {"name": "a"})) for name in ("items", "events")}
    before = {name: stack.table(name)["TableId"] for name in TABLES}

    def require_data() -> None:
        for name, item in kept.items():
            assert stack.call("GET", f"/{name}/{item['id']}").json() == item
        assert {name: stack.table(name)["TableId"] for name in before} == before

    stack.up(OFF)
    require_data()
    key = {name: stack.table(name).get("SSEDescription", {}).get("Status") for name in before}
    assert set(key.values()) == {"DISABLED"}
    users = stack.table("users")
    for each in (users, *users["GlobalSecondaryIndexes"]):
        found = each["ProvisionedThroughput"]
        assert (found["ReadCapacityUnits"], found["WriteCapacityUnits"]) == (7, 8)
    assert stack.table("items")["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert not users["DeletionProtectionEnabled"]
    assert stack.client("backup").list_backup_plans()["BackupPlansList"] == []
    assert "Sunset" not in stack.call("PUT", f"/events/{kept['events']['id']}", json=EVENT).headers
    kept["events"] = stack.call("GET", f"/events/{kept['events']['id']}").json()
    stack.up(ON)
    require_data()
    test_capacity_protection_and_recovery_are_those_of_the_settings(stack)
    test_one_key_with_rotation_encrypts_the_tables(stack)
