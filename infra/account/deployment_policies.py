"""What a deployment of one stack may do: create, read, change and delete the stack's resources, but not read its data.

Resources are limited to the stack's prefix where AWS knows them by a name. Others are known by an id that AWS chooses,
so these permissions extend to all of them in the region: APIs and their domains, certificates, user pools, backup plans
and scaling policies (docs/account.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from infra.account.statements import Statement, allow
from infra.place import Place

TAG = ("TagResource", "UntagResource")


def of(service: str, *actions: str) -> list[str]:
    """Return actions of a service: `of("sns", "Subscribe")`."""
    return [f"{service}:{action}" for action in actions]


_FUNCTION_ACTIONS = (
    "CreateFunction", "GetFunction", "GetFunctionConfiguration", "UpdateFunctionCode", "UpdateFunctionConfiguration",
    "DeleteFunction", "GetFunctionCodeSigningConfig", "ListVersionsByFunction", "PublishVersion",
    "AddPermission", "GetPolicy", "RemovePermission",
    "PutFunctionConcurrency", "GetFunctionConcurrency", "DeleteFunctionConcurrency",
    "CreateAlias", "GetAlias", "UpdateAlias", "DeleteAlias", "ListTags",
    "PutProvisionedConcurrencyConfig", "GetProvisionedConcurrencyConfig", "DeleteProvisionedConcurrencyConfig",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A stack, and where it is deployed."""

    project: str
    stack: str
    place: Place
    hosted_zone: str | None = None

    @property
    def prefix(self) -> str:
        """What the names of the stack's resources start with, as do those of its branch stacks."""
        return f"{self.project}-{self.stack}-"

    def named(self, service: str, *kinds: str) -> list[pulumi.Input[str]]:
        """Return the ARNs of all resources with the stack's prefix; a kind is what precedes the name: `table/`."""
        return [self.place.arn(service, f"{kind}{self.prefix}*") for kind in kinds]

    def policies(self) -> dict[str, list[Statement]]:
        """Return the statements of each policy, by the policy's name. IAM limits the length of each."""
        return {
            "api": [*self._api(), *self._functions(), *self._edge()],
            "data": [*self._tables(), *self._logs(), *self._monitoring(), *self._identity()],
        }

    def _api(self) -> Iterator[Statement]:
        kinds = ("restapis", "apis", "usageplans", "apikeys", "domainnames")
        paths = [f"/{kind}{end}" for kind in kinds for end in ("", "/*")]
        resources = [self.place.arn("apigateway", path, account="") for path in (*paths, "/tags/*")]
        yield allow(of("apigateway", "GET", "POST", "PUT", "PATCH", "DELETE"), resources)

    def _functions(self) -> Iterator[Statement]:
        yield allow(
            of("lambda", *_FUNCTION_ACTIONS, *TAG), self.named("lambda", "function:"),
        )  # fmt: skip
        yield allow(
            of("lambda", "PublishLayerVersion", "GetLayerVersion", "DeleteLayerVersion"),
            [*self.named("lambda", "layer:")],
        )  # fmt: skip

    def _edge(self) -> Iterator[Statement]:
        yield allow(
            of("acm", "DescribeCertificate", "DeleteCertificate", "ListTagsForCertificate",
               "AddTagsToCertificate", "RemoveTagsFromCertificate"),
            [self.place.arn("acm", "certificate/*")],
        )  # fmt: skip
        yield allow(of("acm", "RequestCertificate"), ["*"])
        acls, stages = (
            self.named("wafv2", "regional/webacl/"),
            self.place.arn("apigateway", "/restapis/*/stages/*", account=""),
        )
        yield allow(
            of("wafv2", "GetWebACL", "CreateWebACL", "UpdateWebACL", "DeleteWebACL", "PutLoggingConfiguration",
               "GetLoggingConfiguration", "ListTagsForResource", "DeleteLoggingConfiguration", *TAG),
            [*acls, self.place.arn("wafv2", "regional/managedruleset/*")],
        )  # fmt: skip
        yield allow(of("wafv2", "AssociateWebACL", "GetWebACLForResource"), [*acls, stages])
        yield allow(["wafv2:DisassociateWebACL", "apigateway:SetWebACL"], [stages])
        if self.hosted_zone:
            zone = self.place.arn("route53", f"hostedzone/{self.hosted_zone}", region="", account="")
            changes = self.place.arn("route53", "change/*", region="", account="")
            yield allow(
                of("route53", "GetHostedZone", "ListResourceRecordSets", "ChangeResourceRecordSets",
                   "ListTagsForResource"),
                [zone],
            )  # fmt: skip
            yield allow(of("route53", "GetChange"), [changes])
            yield allow(of("route53", "ListHostedZones", "ListHostedZonesByName"), ["*"])

    def _tables(self) -> Iterator[Statement]:
        yield allow(
            of("dynamodb", "CreateTable", "UpdateTable", "DeleteTable", "UpdateTimeToLive", "UpdateContinuousBackups",
               "DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups", "ListTagsOfResource",
               *TAG),
            self.named("dynamodb", "table/"),
        )  # fmt: skip
        yield allow(of("dynamodb", "ListTables"), ["*"])
        yield allow(
            of("application-autoscaling", "RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy",
               "DeleteScalingPolicy", "PutScheduledAction", "DeleteScheduledAction", "ListTagsForResource", *TAG),
            [self.place.arn("application-autoscaling", "scalable-target/*")],
        )  # fmt: skip
        yield allow(of("application-autoscaling", "Describe*"), ["*"])
        yield allow(
            of("backup", "CreateBackupVault", "DeleteBackupVault", "DescribeBackupVault", "ListTags",
               "PutBackupVaultLockConfiguration", "DeleteBackupVaultLockConfiguration", *TAG),
            self.named("backup", "backup-vault:"),
        )  # fmt: skip
        yield allow(
            of("backup", "*BackupPlan", "*BackupSelection", "ListTags", *TAG),
            [self.place.arn("backup", "backup-plan:*")],
        )
        yield allow(of("backup-storage", "MountCapsule"), ["*"])

    def _logs(self) -> Iterator[Statement]:
        groups = [f"{each}{self.prefix}*" for each in ("/aws/lambda/", "/aws/apigateway/", "aws-waf-logs-")]
        # The end is exact, so that the stack `prod` does not include `production`; `:*` are the streams of a group.
        execution = [f"API-Gateway-Execution-Logs_*/{self.stack}{end}" for end in ("", ":*", "-*")]
        yield allow(
            of("logs", "CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy",
               "ListTagsForResource", *TAG),
            [self.place.arn("logs", f"log-group:{each}") for each in (*groups, *execution)],
        )  # fmt: skip
        yield allow(
            of("logs", "DescribeLogGroups", "DescribeResourcePolicies", "PutResourcePolicy", "CreateLogDelivery",
               "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries", "PutQueryDefinition",
               "DescribeQueryDefinitions", "DeleteQueryDefinition"),
            ["*"],
        )  # fmt: skip

    def _monitoring(self) -> Iterator[Statement]:
        yield allow(
            of("sns", "CreateTopic", "DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", "Subscribe",
               "ListTagsForResource",
               "GetDataProtectionPolicy", "ListSubscriptionsByTopic", *TAG),
            self.named("sns", ""),
        )  # fmt: skip
        yield allow(of("sns", "Unsubscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes"), ["*"])
        yield allow(
            of("cloudwatch", "PutMetricAlarm", "DeleteAlarms", "ListTagsForResource", *TAG),
            # Application Auto Scaling chooses the names of its alarms, and creates them with the caller's permissions.
            self.named("cloudwatch", "alarm:", "alarm:TargetTracking-table/", "alarm:TargetTracking-function:"),
        )
        # AWS requires all resources: "scoped to *" (PutCompositeAlarm and DescribeAlarms in CloudWatch's reference).
        yield allow(of("cloudwatch", "PutCompositeAlarm", "DescribeAlarms"), ["*"])
        dashboard = self.place.arn("cloudwatch", f"dashboard/{self.prefix}*", region="")
        yield allow(of("cloudwatch", "PutDashboard", "GetDashboard", "DeleteDashboards"), [dashboard])

    def _identity(self) -> Iterator[Statement]:
        kinds = ("UserPool", "UserPoolClient", "UserPoolDomain", "ResourceServer")
        own = ("CreateUserPool", "DescribeUserPoolDomain")
        verbs = [f"{verb}{kind}" for kind in kinds for verb in ("Create", "Describe", "Update", "Delete")]
        yield allow(
            of(
                "cognito-idp",
                *(each for each in verbs if each not in own),
                "GetUserPoolMfaConfig",
                "SetUserPoolMfaConfig",
                "ListTagsForResource",
                *TAG,
            ),
            [self.place.arn("cognito-idp", "userpool/*")],
        )  # fmt: skip
        yield allow(of("cognito-idp", *own), ["*"])
