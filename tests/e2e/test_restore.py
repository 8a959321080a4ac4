"""Tables of the running stack are restored while clients use the API, and a restore that is killed can be continued."""

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from infra.restore import command
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION, Options, free_port, start
from local.provider import Provider
from local.provider.connection import Connection
from tests.dynamodb.tables import create_table
from tests.e2e.conftest import Client

ITEMS = "gatehouse-local-items"
TABLE = "gatehouse-test-items"
ONE_FLAVOUR = pytest.mark.parametrize("flavour", ["rest"], indirect=True, scope="session")
"""A restore does not depend on the API."""


def now() -> str:
    """Return a restore point after everything that happened and before everything that follows."""
    time.sleep(1.01 - time.time() % 1)
    moment = datetime.now(UTC)
    time.sleep(1.01 - time.time() % 1)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def dynamodb(client: Client) -> Any:
    emulator = client.stack.emulator
    return Provider(emulator.endpoint_url, account=emulator.options.account).connection.client("dynamodb")


@pytest.fixture
def environment(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration of the AWS SDK for the running stack."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", client.stack.emulator.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", client.stack.emulator.options.account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


def run(*arguments: str) -> str:
    """Run the command and return what it prints."""
    output = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(output, "utf-8", write_through=True)):
        assert command.main(["--stack", "local", *arguments]) == 0
        return output.getvalue().decode()


@ONE_FLAVOUR
def test_deleted_and_changed_items_are_read_again_over_http(client: Client, dynamodb: Any, environment: None) -> None:
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=ITEMS, PointInTimeRecoverySpecification=recovery)
    token = client.token("restored")

    def call(method: str, path: str, **more: Any) -> Any:
        return client.call(method, path, token, **more)

    kept, deleted, changed = (call("POST", "/items", json={"name": name}) for name in ("kept", "deleted", "changed"))
    paths = {each.json()["name"]: f"/items/{each.json()['id']}" for each in (kept, deleted, changed)}
    moment = now()
    assert call("DELETE", paths["deleted"]).status_code == 204
    assert call("PUT", paths["changed"], json={"name": "wrong"}).status_code == 200
    added = f"/items/{call('POST', '/items', json={'name': 'added'}).json()['id']}"

    arguments = ("--collection", "items", "--to", moment)
    before = dynamodb.scan(TableName=ITEMS)["Items"]
    shown = run(*arguments)
    assert dynamodb.scan(TableName=ITEMS)["Items"] == before
    assert "1 missing: deleted since then: to be put back" in shown
    assert "1 changed since then: kept (rolled back with --changed)" in shown
    assert "added since then: kept (removed with --exact)" in shown

    assert "1 put back." in run(*arguments, "--apply")
    assert call("GET", paths["deleted"]).json() == deleted.json()
    assert call("GET", paths["changed"]).json()["name"] == "wrong"
    assert f"{1:>10,} changed since then: to be rolled back" in run(*arguments, "--exact")
    newer = call("POST", "/items", json={"name": "newer"}).json()
    assert "0 put back, 1 rolled back" in run(*arguments, "--exact", "--apply")
    assert call("GET", paths["changed"]).headers["ETag"] == changed.headers["ETag"]
    assert call("GET", added).status_code == 404
    assert call("GET", f"/items/{newer['id']}").json() == newer, "written since the restore began"
    assert sorted(each["name"] for each in call("GET", "/items").json()["items"]) == [
        "changed",
        "deleted",
        "kept",
        "newer",
    ]
    assert [name for name in dynamodb.list_tables()["TableNames"] if "-restore-" in name] == []


@ONE_FLAVOUR
def test_a_backup_is_restored(client: Client, dynamodb: Any, environment: None) -> None:
    token = client.token("backed-up")
    created = client.call("POST", "/items", token, json={"name": "saved"}).json()
    backup = dynamodb.create_backup(TableName=ITEMS, BackupName="saved")["BackupDetails"]["BackupArn"]
    path = f"/items/{created['id']}"
    assert client.call("DELETE", path, token).status_code == 204
    assert "backup saved of 20" in run("--collection", "items", "--backup", backup, "--apply")
    assert client.call("GET", path, token).json() == created


KILLS = (
    "RestoreTableToPointInTime:1:after",
    "CreateBackup:1:after",
    "PutItem:1:before",
    "PutItem:20:after",
    "DeleteItem:10:after",
    "DeleteTable:1:before",
)
"""The calls at which restores are killed, one after the other."""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    options = Options(state=tmp_path_factory.mktemp("emulator"), port=free_port())
    with start(options) as running:
        yield running.endpoint_url


def item(number: int, name: str) -> dict[str, Any]:
    return {
        "owner": {"S": f"owner-{number % 7}"},
        "id": {"S": f"{number:04}"},
        "name": {"S": name},
        "revision": {"S": name},
    }


def scan(dynamodb: Any) -> list[dict[str, Any]]:
    return sorted(dynamodb.scan(TableName=TABLE)["Items"], key=lambda each: each["id"]["S"])


def test_a_restore_that_is_killed_again_and_again_is_continued_and_loses_nothing(emulator: str) -> None:
    dynamodb = Connection(emulator, DEFAULT_REGION, DEFAULT_ACCOUNT).client("dynamodb")
    create_table("items", TABLE, emulator)
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=recovery)
    before = [item(number, "before") for number in range(120)]
    for each in before:
        dynamodb.put_item(TableName=TABLE, Item=each)
    moment = now()
    for number in range(60):
        dynamodb.delete_item(TableName=TABLE, Key={"owner": {"S": f"owner-{number % 7}"}, "id": {"S": f"{number:04}"}})
    for number in range(100, 150):
        dynamodb.put_item(TableName=TABLE, Item=item(number, "after"))
    present = scan(dynamodb)

    for kill in KILLS:
        assert killed(emulator, moment, kill).returncode == -9, kill
        assert len([name for name in dynamodb.list_tables()["TableNames"] if "-restore-" in name]) <= 1
    done = killed(emulator, moment, "-")
    assert done.returncode == 0, done.stderr
    assert "Deleted the temporary table" in done.stdout
    assert scan(dynamodb) == before
    (backup,) = dynamodb.list_backups(TableName=TABLE)["BackupSummaries"]
    dynamodb.restore_table_from_backup(TargetTableName="undone", BackupArn=backup["BackupArn"])
    undone = dynamodb.scan(TableName="undone")["Items"]
    assert sorted(undone, key=lambda each: each["id"]["S"]) == present, "the first state can still be restored"


def killed(emulator: str, moment: str, call: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.e2e.killed_restore", emulator, TABLE, moment, "EXACT", call]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
