"""The supported resource types by their Pulumi names, in modules by AWS service."""

from typing import Final

from local.provider.resource_type import ResourceType
from local.provider.resources import (
    alarms,
    backup,
    certificates,
    cloudwatch,
    cognito,
    dns,
    domain_names,
    dynamodb,
    firewalls,
    http_apis,
    iam,
    identity_providers,
    kms,
    lambda_aliases,
    lambda_functions,
    lambda_layers,
    rest_apis,
    s3,
    stages,
    topics,
    usage_plans,
)

RESOURCE_TYPES: Final[dict[str, ResourceType]] = {
    **backup.TYPES,
    **iam.TYPES,
    **identity_providers.TYPES,
    **s3.TYPES,
    **kms.TYPES,
    **dynamodb.TYPES,
    **lambda_functions.TYPES,
    **lambda_aliases.TYPES,
    **lambda_layers.TYPES,
    **rest_apis.TYPES,
    **stages.TYPES,
    **http_apis.TYPES,
    **domain_names.TYPES,
    **certificates.TYPES,
    **dns.TYPES,
    **firewalls.TYPES,
    **usage_plans.TYPES,
    **cloudwatch.TYPES,
    **cognito.TYPES,
    **alarms.TYPES,
    **topics.TYPES,
}
