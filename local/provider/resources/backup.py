"""AWS Backup: vaults, plans, and what a plan backs up."""

from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live
from local.provider.properties import Properties
from local.provider.resource_type import ResourceType, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_RULE: Final = {"ruleName": "RuleName", "targetVaultName": "TargetBackupVaultName", "schedule": "ScheduleExpression"}
_LIFECYCLE: Final = {"deleteAfter": "DeleteAfterDays", "coldStorageAfter": "MoveToColdStorageAfterDays"}


def _plan(given: Properties) -> Document:
    rules = [_rule(each) for each in given.pop_objects("rules")]
    return {"BackupPlanName": given.pop("name"), "Rules": rules}


def _rule(given: Properties) -> Document:
    rule: Document = {member: given.pop(name) for name, member in _RULE.items() if name in given}
    copies = [
        {"DestinationBackupVaultArn": each.pop("destinationVaultArn"), **_lifecycle(each)}
        for each in given.pop_objects("copyActions")
    ]
    return {**rule, **_lifecycle(given), **({"CopyActions": copies} if copies else {})}


def _lifecycle(given: Properties) -> Document:
    lifecycle = given.pop_object("lifecycle")
    found = {member: int(lifecycle.pop(name)) for name, member in _LIFECYCLE.items() if name in lifecycle}
    return {"Lifecycle": found} if found else {}


def _described_rule(rule: Document) -> Document:
    copies = [
        {"destinationVaultArn": each["DestinationBackupVaultArn"], **_described_lifecycle(each)}
        for each in rule.get("CopyActions", ())
    ]
    return {
        **{name: rule[member] for name, member in _RULE.items() if member in rule},
        **_described_lifecycle(rule),
        **({"copyActions": copies} if copies else {}),
    }


def _described_lifecycle(description: Document) -> Document:
    found = description.get("Lifecycle", {})
    lifecycle = {name: found[member] for name, member in _LIFECYCLE.items() if member in found}
    return {"lifecycle": lifecycle} if lifecycle else {}


def _update_plan(connection: Connection, state: State, given: Properties) -> Document:
    updated = connection.client("backup").update_backup_plan(BackupPlanId=state.id, BackupPlan=_plan(given))
    return {"version": updated["VersionId"]}


def _read_plan(connection: Connection, state: State) -> Live:
    client = connection.client("backup")
    found = client.get_backup_plan(BackupPlanId=state.id)
    plan = found["BackupPlan"]
    return Live(
        inputs={
            "name": plan["BackupPlanName"],
            "rules": [_described_rule(each) for each in plan["Rules"]],
            "tags": client.list_tags(ResourceArn=found["BackupPlanArn"])["Tags"],
        },
        outputs={"arn": found["BackupPlanArn"], "version": found["VersionId"]},
    )


def _read_vault(connection: Connection, state: State) -> Live:
    client = connection.client("backup")
    found = client.describe_backup_vault(BackupVaultName=state.id)
    arn = found["BackupVaultArn"]
    inputs = {
        "name": found["BackupVaultName"],
        "kmsKeyArn": found.get("EncryptionKeyArn"),
        "tags": client.list_tags(ResourceArn=arn)["Tags"],
    }
    return Live(inputs=inputs, outputs={"arn": arn})


def _selection(given: Properties) -> Document:
    names = {"SelectionName": "name", "IamRoleArn": "iamRoleArn", "Resources": "resources"}
    return {"BackupSelection": {member: given.pop(name) for member, name in names.items() if name in given}}


def _selection_ids(state: State) -> dict[str, Any]:
    return {"BackupPlanId": state.outputs["planId"], "SelectionId": state.id}


def _read_selection(connection: Connection, state: State) -> Live:
    found = connection.client("backup").get_backup_selection(**_selection_ids(state))
    selection = found["BackupSelection"]
    return Live(
        inputs={
            "planId": found["BackupPlanId"],
            "name": selection["SelectionName"],
            "iamRoleArn": selection["IamRoleArn"],
            "resources": selection.get("Resources"),
        }
    )


TYPES: Final = {
    "aws:backup/vault:Vault": ResourceType(
        service="backup",
        operation="CreateBackupVault",
        renames={"BackupVaultName": "name", "EncryptionKeyArn": "kmsKeyArn", "BackupVaultTags": "tags"},
        name_property="name",
        id="BackupVaultName",
        outputs={"arn": "BackupVaultArn"},
        replaces=("name", "kmsKeyArn"),
        updates=(tags("backup"),),
        read=_read_vault,
        delete=lambda connection, state: connection.client("backup").delete_backup_vault(BackupVaultName=state.id),
    ),
    "aws:backup/plan:Plan": ResourceType(
        service="backup",
        operation="CreateBackupPlan",
        renames={"BackupPlanTags": "tags"},
        name_property="name",
        convert=lambda given: {"BackupPlan": _plan(given)},
        id="BackupPlanId",
        outputs={"arn": "BackupPlanArn", "version": "VersionId"},
        updates=(Update(inputs=("name", "rules"), apply=_update_plan), tags("backup")),
        read=_read_plan,
        delete=lambda connection, state: connection.client("backup").delete_backup_plan(BackupPlanId=state.id),
    ),
    "aws:backup/selection:Selection": ResourceType(
        service="backup",
        operation="CreateBackupSelection",
        renames={"BackupPlanId": "planId"},
        name_property="name",
        convert=_selection,
        id="SelectionId",
        replaces=("planId", "name", "iamRoleArn", "resources"),
        sets=("resources",),
        read=_read_selection,
        delete=lambda connection, state: connection.client("backup").delete_backup_selection(**_selection_ids(state)),
    ),
}
