"""The supported resource types by their Pulumi names, defined in one module per AWS service."""

from typing import Final

from local.provider.resource_type import ResourceType
from local.provider.resources import api_gateway, cloudwatch, dynamodb, iam, lambda_functions

RESOURCE_TYPES: Final[dict[str, ResourceType]] = {
    **iam.TYPES,
    **dynamodb.TYPES,
    **lambda_functions.TYPES,
    **api_gateway.TYPES,
    **cloudwatch.TYPES,
}
