"""SNS topics."""

from typing import Final

from local.provider.resource_type import ResourceType

TYPES: Final = {
    "aws:sns/topic:Topic": ResourceType(
        service="sns", operation="CreateTopic", name_property="name", id="TopicArn", outputs={"arn": "TopicArn"}
    )
}
