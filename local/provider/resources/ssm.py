"""Parameters of Systems Manager (SSM)."""

from typing import Final

from local.provider.resource_type import ResourceType

TYPES: Final = {
    "aws:ssm/parameter:Parameter": ResourceType(
        service="ssm",
        operation="PutParameter",
        name_property="name",
        computed=lambda call: {"arn": call.connection.arn("ssm", f"parameter/{call.parameters['Name'].lstrip('/')}")},
        id="Name",
        outputs={"version": "Version"},
    )
}
