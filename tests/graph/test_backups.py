"""Backups of the tables: the vault, the plan, and what AWS Backup may do."""

import json
from typing import Any

import pytest

from infra.data.backup_settings import BackupSettings, VaultLock
from infra.packaging.bundles import ROOT
from local.engine import Resource
from local.plans.architecture import Architecture
from local.plans.plan import example
from local.provider import Provider

VAULT = "aws:backup/vault:Vault"
PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
COPIES = "arn:aws:backup:eu-west-1:210987654321:backup-vault:copies"


def planned(stack: str = "dev", **settings: Any) -> Architecture:
    values = {f"backups.{name}": json.dumps(value) for name, value in {"enabled": True, **settings}.items()}
    return Architecture(example(ROOT, stack, values))


def one(plan: Architecture, type_: str) -> Resource:
    (found,) = plan.deployment.of_type(type_)
    return found


def test_there_are_none_by_default() -> None:
    assert planned(enabled=False).deployment.of_type(VAULT) == ()


def test_the_plan_fills_the_vault_every_night() -> None:
    plan = planned()
    (rule,) = one(plan, PLAN).inputs["rules"]
    assert rule == {
        "ruleName": "tables", "targetVaultName": "gatehouse-dev-backups", "schedule": "cron(0 3 * * ? *)",
        "lifecycle": {"deleteAfter": 90},
    }  # fmt: skip


def test_the_vault_has_its_own_key_and_both_are_protected_like_the_tables() -> None:
    for stack, protect in (("dev", False), ("prod", True)):
        plan = planned(stack)
        vault = one(plan, VAULT)
        (key,) = (each for each in plan.deployment.of_type("aws:kms/key:Key") if each.name == "backups")
        assert vault.inputs["kmsKeyArn"] == key.outputs["arn"]
        assert (vault.protect, key.protect) == (protect, protect)


def test_the_plan_selects_the_tables_by_their_arns() -> None:
    plan = planned()
    arns = [each.outputs["arn"] for each in plan.deployment.of_type("aws:dynamodb/table:Table")]
    assert one(plan, SELECTION).inputs["resources"] == arns


def test_retention_cold_storage_and_copies_are_settings() -> None:
    settings = {"schedule": "0 5 ? * SUN *", "retentionDays": 365, "coldStorageDays": 30, "copyTo": COPIES}
    (rule,) = one(planned(**settings), PLAN).inputs["rules"]
    lifecycle = {"deleteAfter": 365, "coldStorageAfter": 30}
    assert (rule["schedule"], rule["lifecycle"]) == ("cron(0 5 ? * SUN *)", lifecycle)
    assert rule["copyActions"] == [{"destinationVaultArn": COPIES, "lifecycle": lifecycle}]


def test_a_lock_can_be_removed_again() -> None:
    """With `changeableForDays`, the lock would be permanent after these days."""
    lock = one(planned(lock={"minimumDays": 30, "maximumDays": 100}), LOCK).inputs
    assert lock == {"backupVaultName": "gatehouse-dev-backups", "minRetentionDays": 30, "maxRetentionDays": 100}


def test_a_lock_is_rejected_by_name_on_the_local_stack() -> None:
    (failure,) = Provider(None).check(LOCK, {})
    assert "not supported locally" in failure.reason


@pytest.mark.parametrize("copies", [None, COPIES])
def test_the_role_may_back_up_the_tables_into_the_vaults_with_the_vaults_key(copies: str | None) -> None:
    plan = planned(copyTo=copies)
    tables, vaults, key, grant = (each.statement for each in plan.grants_of("gatehouse-dev-backups"))
    assert set(tables["Action"]) == {
        "dynamodb:DescribeTable", "dynamodb:CreateBackup", "dynamodb:StartAwsBackupJob", "dynamodb:ListTagsOfResource",
    }  # fmt: skip
    assert vaults["Resource"] == [one(plan, VAULT).outputs["arn"], *([copies] if copies else [])]
    assert key["Resource"] == grant["Resource"] == [one(plan, "aws:kms/key:Key").outputs["arn"]]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (BackupSettings(retention_days=100, cold_storage_days=11), "backups.retentionDays"),
        (BackupSettings(lock=VaultLock(minimum_days=91)), "backups.retentionDays"),
        (BackupSettings(lock=VaultLock(minimum_days=1, maximum_days=89)), "backups.retentionDays"),
        (BackupSettings(retention_days=9, lock=VaultLock(minimum_days=9, maximum_days=8)), "backups.lock.maximumDays"),
    ],
)
def test_wrong_combinations_are_named(settings: BackupSettings, field: str) -> None:
    assert field in [each.field for each in settings.problems()]


@pytest.mark.parametrize(
    "settings",
    [
        BackupSettings(),
        BackupSettings(retention_days=101, cold_storage_days=11),
        BackupSettings(lock=VaultLock(minimum_days=90, maximum_days=90)),
    ],
)
def test_limits_are_allowed(settings: BackupSettings) -> None:
    assert list(settings.problems()) == []
