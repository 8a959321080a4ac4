"""KMS: keys and their aliases."""

from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_ROTATION: Final = ("enableKeyRotation", "rotationPeriodInDays")

_DELETION_DAYS: Final = 30
"""The days until a key is destroyed, by default."""


def _configure_key(given: Properties) -> Step:
    rotation = Properties(given.pop_many(*_ROTATION))

    def apply(call: Call) -> Document:
        _set_rotation(call.connection.client("kms"), call.response["KeyMetadata"]["KeyId"], rotation)
        return {}

    return apply


def _set_rotation(client: Any, key: str, given: Properties) -> None:
    if given.pop("enableKeyRotation", False):
        days = {"RotationPeriodInDays": int(given.pop("rotationPeriodInDays"))} if _ROTATION[1] in given else {}
        client.enable_key_rotation(KeyId=key, **days)
    elif client.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]:
        client.disable_key_rotation(KeyId=key)


def _update_description(connection: Connection, state: State, given: Properties) -> None:
    connection.client("kms").update_key_description(KeyId=state.id, Description=given.pop("description", ""))


def _update_policy(connection: Connection, state: State, given: Properties) -> None:
    connection.client("kms").put_key_policy(KeyId=state.id, PolicyName="default", Policy=given.pop("policy"))


def _read_key(connection: Connection, state: State) -> Live | None:
    client = connection.client("kms")
    key = client.describe_key(KeyId=state.id)["KeyMetadata"]
    if key["KeyState"] == "PendingDeletion":
        return None
    rotation = client.get_key_rotation_status(KeyId=state.id)
    is_rotated = rotation["KeyRotationEnabled"]
    return Live(
        inputs={
            "description": key["Description"],
            "policy": client.get_key_policy(KeyId=state.id, PolicyName="default")["Policy"],
            "enableKeyRotation": is_rotated,
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays") if is_rotated else None,
            "tags": {each["TagKey"]: each["TagValue"] for each in client.list_resource_tags(KeyId=state.id)["Tags"]},
        },
        outputs={"arn": key["Arn"], "keyId": key["KeyId"]},
    )


def _delete_key(connection: Connection, state: State) -> None:
    """Schedule a key's deletion; one that is scheduled already is ignored."""
    client = connection.client("kms")
    if client.describe_key(KeyId=state.id)["KeyMetadata"]["KeyState"] != "PendingDeletion":
        days = int(state.outputs.get("deletionWindowInDays", _DELETION_DAYS))
        client.schedule_key_deletion(KeyId=state.id, PendingWindowInDays=days)


def _alias_outputs(call: Call) -> Document:
    arn = call.connection.arn("kms", call.parameters["AliasName"])
    key = call.connection.client("kms").describe_key(KeyId=call.parameters["TargetKeyId"])["KeyMetadata"]
    return {"arn": arn, "targetKeyArn": key["Arn"]}


def _update_alias(connection: Connection, state: State, given: Properties) -> Document:
    client, target = connection.client("kms"), given.pop("targetKeyId")
    client.update_alias(AliasName=state.id, TargetKeyId=target)
    return {"targetKeyArn": client.describe_key(KeyId=target)["KeyMetadata"]["Arn"]}


def _read_alias(connection: Connection, state: State) -> Live | None:
    pages = connection.client("kms").get_paginator("list_aliases").paginate()
    for each in (each for page in pages for each in page["Aliases"] if each["AliasName"] == state.id):
        key = each["TargetKeyId"]
        return Live(
            inputs={"name": state.id, "targetKeyId": key},
            outputs={"arn": each["AliasArn"], "targetKeyArn": connection.arn("kms", f"key/{key}")},
        )
    return None


TYPES: Final = {
    "aws:kms/key:Key": ResourceType(
        service="kms",
        operation="CreateKey",
        configure=_configure_key,
        id="KeyMetadata.KeyId",
        outputs={"arn": "KeyMetadata.Arn", "keyId": "KeyMetadata.KeyId"},
        ignored=("deletionWindowInDays",),
        updates=(
            Update(
                inputs=_ROTATION,
                apply=lambda connection, state, given: _set_rotation(connection.client("kms"), state.id, given),
            ),
            Update(inputs=("description",), apply=_update_description),
            Update(inputs=("policy",), apply=_update_policy),
            tags("kms"),
        ),
        read=_read_key,
        delete=_delete_key,
    ),
    "aws:kms/alias:Alias": ResourceType(
        service="kms",
        operation="CreateAlias",
        renames={"AliasName": "name"},
        computed=_alias_outputs,
        id="AliasName",
        replaces=("name",),
        updates=(Update(inputs=("targetKeyId",), apply=_update_alias),),
        read=_read_alias,
        delete=lambda connection, state: connection.client("kms").delete_alias(AliasName=state.id),
    ),
}
