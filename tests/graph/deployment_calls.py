"""What the AWS provider calls to create, read, change and delete each type of resource, on example resources of prod.

Sources: the provider's code, and AWS's "Service Authorization Reference" for the resources and dependent actions.
"""

from collections.abc import Iterator
from typing import Any

from tests.security.role_permissions import Request

ACCOUNT = "123456789012"
HERE = f"us-east-1:{ACCOUNT}"
IAM = f"arn:aws:iam::{ACCOUNT}"
BOUNDARY = f"{IAM}:policy/gatehouse-account/gatehouse-account-main-roles-production"
PREFIX = "gatehouse-prod-"
API = "arn:aws:apigateway:us-east-1::"
FUNCTION = f"arn:aws:lambda:{HERE}:function:{PREFIX}items-read"
TABLE = f"arn:aws:dynamodb:{HERE}:table/{PREFIX}items"
ZONE = "arn:aws:route53:::hostedzone/Z0123456789"
POOL = f"arn:aws:cognito-idp:{HERE}:userpool/us-east-1_x"
KEY = f"arn:aws:kms:{HERE}:key/1"
STAGE = f"{API}/restapis/a/stages/prod"
TAGS = "TagResource UntagResource"
WRITES = "POST GET PATCH DELETE"
FIXED = {"iam:PermissionsBoundary": BOUNDARY}
LOG_DELIVERY = (
    "logs:CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery ListLogDeliveries PutResourcePolicy "
    "DescribeResourcePolicies DescribeLogGroups"
)
SCALING_ALARMS = "cloudwatch:PutMetricAlarm DeleteAlarms"

Call = tuple[str, str] | tuple[str, str, dict[str, Any]]
"""Actions of a service, the resource, and the values of condition keys."""


def linked(service: str) -> Call:
    """Return the creation of the role that a service has in the account."""
    role = f"{IAM}:role/aws-service-role/{service}/x"
    return ("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service})


def passed(role: str, service: str) -> Call:
    return ("iam:PassRole", f"{IAM}:role/{PREFIX}{role}", {"iam:PassedToService": service})


def crud(kind: str, *more: str) -> str:
    """Return the actions of Cognito for a kind of resource."""
    return " ".join((f"cognito-idp:Create{kind}", f"Describe{kind}", f"Update{kind}", f"Delete{kind}", *more))


def api(*paths: str) -> list[Call]:
    """Return every method of API Gateway on these paths, and on the tags of their resources."""
    return [
        *((f"apigateway:{WRITES} PUT", f"{API}{path}") for path in paths),
        ("apigateway:PUT DELETE", f"{API}/tags/x"),
    ]


CALLS: dict[str, list[Call]] = {
    "acm/certificate:Certificate": [
        ("acm:RequestCertificate", "*"),
        (("acm:DescribeCertificate DeleteCertificate AddTagsToCertificate RemoveTagsFromCertificate "
         "ListTagsForCertificate"), f"arn:aws:acm:{HERE}:certificate/x"),
    ],
    "acm/certificateValidation:CertificateValidation": [
        ("acm:DescribeCertificate", f"arn:aws:acm:{HERE}:certificate/x"),
    ],
    "apigateway/apiKey:ApiKey": api("/apikeys", "/apikeys/x"),
    "apigateway/deployment:Deployment": api("/restapis/a/deployments", "/restapis/a/deployments/b"),
    "apigateway/domainName:DomainName": [
        *api("/domainnames", "/domainnames/api.example.com"), linked("ops.apigateway.amazonaws.com"),
    ],
    "apigateway/methodSettings:MethodSettings": api("/restapis/a/stages/prod"),
    "apigateway/restApi:RestApi": api("/restapis", "/restapis/a"),
    "apigateway/stage:Stage": api("/restapis/a/stages", "/restapis/a/stages/prod"),
    "apigateway/usagePlan:UsagePlan": api("/usageplans", "/usageplans/x"),
    "apigateway/usagePlanKey:UsagePlanKey": api("/usageplans/x/keys", "/usageplans/x/keys/y"),
    "apigatewayv2/api:Api": api("/apis", "/apis/a", "/apis/a/integrations/x", "/apis/a/routes/x"),
    "apigatewayv2/apiMapping:ApiMapping": api("/domainnames/api.example.com/apimappings",
                                              "/domainnames/api.example.com/apimappings/x"),
    "apigatewayv2/deployment:Deployment": api("/apis/a/deployments", "/apis/a/deployments/b"),
    "apigatewayv2/stage:Stage": [*api("/apis/a/stages", "/apis/a/stages/prod"), (LOG_DELIVERY, "*")],
    "appautoscaling/policy:Policy": [
        ("application-autoscaling:PutScalingPolicy DeleteScalingPolicy",
         f"arn:aws:application-autoscaling:{HERE}:scalable-target/x"),
        ("application-autoscaling:DescribeScalingPolicies", "*"),
        (SCALING_ALARMS, f"arn:aws:cloudwatch:{HERE}:alarm:TargetTracking-table/{PREFIX}items-AlarmHigh-x"),
        (SCALING_ALARMS, f"arn:aws:cloudwatch:{HERE}:alarm:TargetTracking-function:{PREFIX}items-read:live-x"),
    ],
    "appautoscaling/scheduledAction:ScheduledAction": [
        ("application-autoscaling:PutScheduledAction DeleteScheduledAction",
         f"arn:aws:application-autoscaling:{HERE}:scalable-target/x"),
        ("application-autoscaling:DescribeScheduledActions", "*"),
    ],
    "appautoscaling/target:Target": [
        (f"application-autoscaling:RegisterScalableTarget DeregisterScalableTarget ListTagsForResource {TAGS}",
         f"arn:aws:application-autoscaling:{HERE}:scalable-target/x"),
        ("application-autoscaling:DescribeScalableTargets", "*"),
        linked("lambda.application-autoscaling.amazonaws.com"),
        linked("dynamodb.application-autoscaling.amazonaws.com"),
    ],
    "backup/plan:Plan": [
        (f"backup:CreateBackupPlan GetBackupPlan UpdateBackupPlan DeleteBackupPlan ListTags {TAGS}",
         f"arn:aws:backup:{HERE}:backup-plan:x"),
    ],
    "backup/selection:Selection": [
        ("backup:CreateBackupSelection GetBackupSelection DeleteBackupSelection",
         f"arn:aws:backup:{HERE}:backup-plan:x"),
        passed("backups", "backup.amazonaws.com"),
    ],
    "backup/vault:Vault": [
        (f"backup:CreateBackupVault DescribeBackupVault DeleteBackupVault ListTags {TAGS}",
         f"arn:aws:backup:{HERE}:backup-vault:{PREFIX}backups"),
        ("backup-storage:MountCapsule", "*"),
        # Source: AWS, "Backup vault creation and deletion".
        ("kms:CreateGrant DescribeKey RetireGrant Decrypt GenerateDataKey", KEY),
    ],
    "backup/vaultLockConfiguration:VaultLockConfiguration": [
        ("backup:PutBackupVaultLockConfiguration DescribeBackupVault DeleteBackupVaultLockConfiguration",
         f"arn:aws:backup:{HERE}:backup-vault:{PREFIX}backups"),
    ],
    "cloudwatch/compositeAlarm:CompositeAlarm": [
        # AWS requires the resource `*`: PutCompositeAlarm and DescribeAlarms in CloudWatch's reference.
        ("cloudwatch:PutCompositeAlarm DescribeAlarms", "*"),
        (f"cloudwatch:DeleteAlarms ListTagsForResource {TAGS}", f"arn:aws:cloudwatch:{HERE}:alarm:{PREFIX}incident"),
    ],
    "cloudwatch/dashboard:Dashboard": [
        ("cloudwatch:PutDashboard GetDashboard DeleteDashboards",
         f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{PREFIX}overview"),
    ],
    "cloudwatch/logGroup:LogGroup": [
        *((f"logs:CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy ListTagsForResource {TAGS}",
           f"arn:aws:logs:{HERE}:log-group:{group}")
          for group in (f"/aws/lambda/{PREFIX}items-read", f"/aws/apigateway/{PREFIX}access",
                        f"aws-waf-logs-{PREFIX}waf", "API-Gateway-Execution-Logs_abc/prod")),
        ("logs:DescribeLogGroups", "*"),
    ],
    "cloudwatch/metricAlarm:MetricAlarm": [
        (f"cloudwatch:PutMetricAlarm DeleteAlarms ListTagsForResource {TAGS}",
         f"arn:aws:cloudwatch:{HERE}:alarm:{PREFIX}errors"),
        ("cloudwatch:DescribeAlarms", "*"),
    ],
    "cloudwatch/queryDefinition:QueryDefinition": [
        ("logs:PutQueryDefinition DescribeQueryDefinitions DeleteQueryDefinition", "*"),
    ],
    "cognito/resourceServer:ResourceServer": [(crud("ResourceServer"), POOL)],
    "cognito/userPool:UserPool": [
        ("cognito-idp:CreateUserPool", "*"),
        (f"cognito-idp:DescribeUserPool UpdateUserPool DeleteUserPool GetUserPoolMfaConfig SetUserPoolMfaConfig {TAGS}",
         POOL),
        linked("email.cognito-idp.amazonaws.com"),  # AWS, "Using service-linked roles for Amazon Cognito"
    ],
    "cognito/userPoolClient:UserPoolClient": [(crud("UserPoolClient"), POOL)],
    "cognito/userPoolDomain:UserPoolDomain": [
        ("cognito-idp:CreateUserPoolDomain UpdateUserPoolDomain DeleteUserPoolDomain", POOL),
        ("cognito-idp:DescribeUserPoolDomain", "*"),
    ],
    "dynamodb/table:Table": [
        (("dynamodb:CreateTable DescribeTable UpdateTable DeleteTable UpdateTimeToLive DescribeTimeToLive "
         f"UpdateContinuousBackups DescribeContinuousBackups ListTagsOfResource {TAGS}"), TABLE),
        ("dynamodb:ListTables", "*"),  # the program looks up the capacity mode of scaled tables
        ("kms:DescribeKey CreateGrant Decrypt GenerateDataKey", KEY),
    ],
    "iam/policy:Policy": [
        (("iam:CreatePolicy GetPolicy GetPolicyVersion ListPolicyVersions CreatePolicyVersion DeletePolicyVersion "
         "DeletePolicy TagPolicy UntagPolicy"), f"{IAM}:policy/{PREFIX}items-1"),
    ],
    "iam/role:Role": [
        ("iam:CreateRole PutRolePermissionsBoundary", f"{IAM}:role/{PREFIX}items-read", FIXED),
        (("iam:GetRole ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole UpdateRole "
         "UpdateAssumeRolePolicy TagRole UntagRole DeleteRole"), f"{IAM}:role/{PREFIX}items-read"),
    ],
    "iam/rolePolicy:RolePolicy": [
        ("iam:PutRolePolicy DeleteRolePolicy", f"{IAM}:role/{PREFIX}items-read", FIXED),
        ("iam:GetRolePolicy", f"{IAM}:role/{PREFIX}items-read"),
    ],
    "iam/rolePolicyAttachment:RolePolicyAttachment": [
        ("iam:AttachRolePolicy DetachRolePolicy", f"{IAM}:role/{PREFIX}items-read", FIXED),
        ("iam:ListAttachedRolePolicies", f"{IAM}:role/{PREFIX}items-read"),
    ],
    "kms/alias:Alias": [
        ("kms:CreateAlias UpdateAlias DeleteAlias", f"arn:aws:kms:{HERE}:alias/{PREFIX}data"),
        ("kms:CreateAlias UpdateAlias DeleteAlias", KEY),
        ("kms:ListAliases", "*"),
    ],
    "kms/key:Key": [
        ("kms:CreateKey", "*"),
        # The key has no alias when it is created, and none any more when it is deleted.
        (("kms:PutKeyPolicy DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags EnableKeyRotation "
         f"DisableKeyRotation UpdateKeyDescription ScheduleKeyDeletion {TAGS}"), KEY),
    ],
    "lambda/alias:Alias": [("lambda:CreateAlias GetAlias UpdateAlias DeleteAlias", FUNCTION)],
    "lambda/function:Function": [
        (("lambda:CreateFunction GetFunction GetFunctionConfiguration UpdateFunctionCode UpdateFunctionConfiguration "
         "PublishVersion ListVersionsByFunction GetFunctionCodeSigningConfig PutFunctionConcurrency "
         f"DeleteFunctionConcurrency DeleteFunction ListTags {TAGS}"), FUNCTION),
        ("lambda:GetLayerVersion", f"arn:aws:lambda:{HERE}:layer:{PREFIX}handlers:1"),
        passed("items-read", "lambda.amazonaws.com"),
    ],
    "lambda/layerVersion:LayerVersion": [
        ("lambda:PublishLayerVersion", f"arn:aws:lambda:{HERE}:layer:{PREFIX}handlers"),
        ("lambda:GetLayerVersion DeleteLayerVersion", f"arn:aws:lambda:{HERE}:layer:{PREFIX}handlers:1"),
    ],
    "lambda/permission:Permission": [("lambda:AddPermission GetPolicy RemovePermission", FUNCTION)],
    "lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": [
        ("lambda:PutProvisionedConcurrencyConfig GetProvisionedConcurrencyConfig DeleteProvisionedConcurrencyConfig",
         f"{FUNCTION}:live"),
    ],
    "route53/record:Record": [
        ("route53:GetHostedZone ListResourceRecordSets ChangeResourceRecordSets", ZONE),
        ("route53:GetChange", "arn:aws:route53:::change/x"),
    ],
    "sns/topic:Topic": [
        (f"sns:CreateTopic GetTopicAttributes SetTopicAttributes DeleteTopic ListTagsForResource {TAGS}",
         f"arn:aws:sns:{HERE}:{PREFIX}alarms"),
    ],
    "sns/topicPolicy:TopicPolicy": [
        ("sns:GetTopicAttributes SetTopicAttributes", f"arn:aws:sns:{HERE}:{PREFIX}alarms"),
    ],
    "sns/topicSubscription:TopicSubscription": [
        ("sns:Subscribe ListSubscriptionsByTopic", f"arn:aws:sns:{HERE}:{PREFIX}alarms"),
        ("sns:GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe", "*"),
    ],
    "wafv2/webAcl:WebAcl": [
        (f"wafv2:CreateWebACL GetWebACL UpdateWebACL DeleteWebACL ListTagsForResource {TAGS}",
         f"arn:aws:wafv2:{HERE}:regional/webacl/{PREFIX}api/x"),
    ],
    "wafv2/webAclAssociation:WebAclAssociation": [
        ("wafv2:AssociateWebACL GetWebACLForResource GetWebACL", f"arn:aws:wafv2:{HERE}:regional/webacl/{PREFIX}api/x"),
        ("wafv2:AssociateWebACL GetWebACLForResource DisassociateWebACL", STAGE),
        ("apigateway:SetWebACL", STAGE),
    ],
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": [
        ("wafv2:PutLoggingConfiguration GetLoggingConfiguration DeleteLoggingConfiguration",
         f"arn:aws:wafv2:{HERE}:regional/webacl/{PREFIX}api/x"),
        (LOG_DELIVERY, "*"),
    ],
}  # fmt: skip


def requests(type_: str) -> Iterator[Request]:
    """Yield the requests for a type, such as `aws:sns/topic:Topic`. Raises KeyError if it has no entry."""
    for actions, resource, *context in CALLS[type_.removeprefix("aws:")]:
        service, _, names = actions.partition(":")
        for name in names.split():
            yield Request(f"{service}:{name}", resource, context[0] if context else {})
