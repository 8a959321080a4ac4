"""KMS keys and their aliases."""

from typing import Final

from local.provider.properties import Properties
from local.provider.resource_type import Call, Document, ResourceType, Step


def _set_rotation(given: Properties) -> Step:
    enabled = given.pop("enableKeyRotation")

    def apply(call: Call) -> Document:
        if enabled:
            call.connection.client("kms").enable_key_rotation(KeyId=call.value("KeyMetadata.KeyId"))
        return {}

    return apply


TYPES: Final = {
    "aws:kms/key:Key": ResourceType(
        service="kms",
        operation="CreateKey",
        configure=_set_rotation,
        id="KeyMetadata.KeyId",
        outputs={"arn": "KeyMetadata.Arn", "keyId": "KeyMetadata.KeyId"},
        ignored=("deletionWindowInDays",),
    ),
    "aws:kms/alias:Alias": ResourceType(
        service="kms",
        operation="CreateAlias",
        renames={"AliasName": "name"},
        id="AliasName",
        computed=lambda call: {"arn": call.connection.arn("kms", call.parameters["AliasName"])},
    ),
}
