"""Backups of the tables with AWS Backup: a vault, a plan that fills it, and the role of AWS Backup."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.data.backup_settings import BackupSettings
from infra.data.table import Table
from infra.functions.role_policies import Statement, policy_document
from infra.kms_key import KmsKey, KmsKeyArgs
from infra.naming import BACKUPS, Names

FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
"""Only services of AWS get the use of the key that AWS Backup grants."""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

TABLE_ACTIONS = (
    "dynamodb:DescribeTable", "dynamodb:CreateBackup", "dynamodb:StartAwsBackupJob", "dynamodb:ListTagsOfResource",
)  # fmt: skip
VAULT_ACTIONS = ("backup:DescribeBackupVault", "backup:CopyIntoBackupVault")
KEY_ACTIONS = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
"""What AWS Backup needs of tables, vaults and the vault's key (AWS, "AWSBackupServiceRolePolicyForBackup").

The managed policy allows it for every table, vault and key, and the same for ten other services.
"""


@dataclass(frozen=True, kw_only=True)
class BackupsArgs:
    """The tables, and how they are backed up. With `protect`, Pulumi does not delete the vault and its key."""

    names: Names
    tables: Mapping[str, Table]
    settings: BackupSettings
    protect: bool


class Backups(pulumi.ComponentResource):
    """A vault with its own key, and a plan for exactly the stack's tables. `vault` is the vault's name."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:data:Backups", name, None, opts)
        self.args = args
        self.child_opts = pulumi.ResourceOptions(parent=self)
        vault, key_arn = self._vault()
        role = self._role(vault, key_arn)
        plan = aws.backup.Plan(
            BACKUPS, name=args.names.resource(BACKUPS), rules=[self._rule(vault)], opts=self.child_opts
        )
        aws.backup.Selection(
            BACKUPS,
            name=args.names.resource(BACKUPS),
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=[table.arn for table in args.tables.values()],
            opts=self.child_opts,
        )
        self.vault = vault.name
        self.register_outputs({"vault": self.vault})

    def _vault(self) -> tuple[aws.backup.Vault, pulumi.Output[str]]:
        protected = pulumi.ResourceOptions(parent=self, protect=self.args.protect)
        description = f"Encrypts the backups of {self.args.names.resource('*')}"
        key_arn = KmsKey(BACKUPS, KmsKeyArgs(names=self.args.names, description=description), protected).arn
        vault = aws.backup.Vault(BACKUPS, name=self.args.names.resource(BACKUPS), kms_key_arn=key_arn, opts=protected)
        if lock := self.args.settings.lock:
            # Without `changeable_for_days`: in the other mode, compliance, nobody can ever remove the lock.
            aws.backup.VaultLockConfiguration(
                BACKUPS,
                backup_vault_name=vault.name,
                min_retention_days=lock.minimum_days,
                max_retention_days=lock.maximum_days,
                opts=self.child_opts,
            )
        return vault, key_arn

    def _rule(self, vault: aws.backup.Vault) -> aws.backup.PlanRuleArgs:
        settings = self.args.settings
        kept, cold = settings.retention_days, settings.cold_storage_days
        copy = aws.backup.PlanRuleCopyActionArgs(
            destination_vault_arn=settings.copy_to or "",
            lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(delete_after=kept, cold_storage_after=cold),
        )
        return aws.backup.PlanRuleArgs(
            rule_name="tables",
            target_vault_name=vault.name,
            schedule=f"cron({settings.schedule})",
            lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=kept, cold_storage_after=cold),
            copy_actions=[copy] if settings.copy_to else None,
        )

    def _role(self, vault: aws.backup.Vault, key_arn: pulumi.Output[str]) -> aws.iam.Role:
        role = aws.iam.Role(
            BACKUPS,
            name=self.args.names.resource(BACKUPS),
            assume_role_policy=pulumi.Output.json_dumps(TRUST),
            opts=self.child_opts,
        )
        aws.iam.RolePolicy(
            BACKUPS,
            name=BACKUPS,
            role=role.name,
            policy=pulumi.Output.json_dumps(self._permissions(vault, key_arn)),
            opts=self.child_opts,
        )
        return role

    def _permissions(self, vault: aws.backup.Vault, key_arn: pulumi.Output[str]) -> dict[str, Any]:
        copy_to = self.args.settings.copy_to
        vaults = [vault.arn, *([copy_to] if copy_to else [])]
        return policy_document([
            Statement(actions=TABLE_ACTIONS, resources=[table.arn for table in self.args.tables.values()]),
            Statement(actions=VAULT_ACTIONS, resources=vaults),
            Statement(actions=KEY_ACTIONS, resources=[key_arn]),
            Statement(actions=["kms:CreateGrant"], resources=[key_arn], condition=FOR_AWS),
        ])  # fmt: skip
