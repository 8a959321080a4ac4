"""The most that a deployment, and the roles that it creates, can ever do: permissions boundaries.

A deployment creates roles, so without a boundary it could give itself any permission by a role that it passes to a
function. It may only create and change roles with the boundary `stack_boundary`, and no role without the stack's
prefix, so neither it nor its roles can do more than the boundaries allow, whatever policies are attached to them.
"""

from collections.abc import Iterator

from infra.account.statements import Statement, allow
from infra.place import Place

SERVICES = (
    "acm", "apigateway", "application-autoscaling", "backup", "backup-storage", "cloudwatch", "cognito-idp", "dynamodb",
    "lambda", "logs", "route53", "sns", "wafv2",
)  # fmt: skip
"""Services that give nobody permissions on others. Only its policies limit a deployment in them."""


TABLE_ACTIONS = (
    "BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "CreateBackup", "DeleteItem", "DescribeTable", "GetItem",
    "ListTagsOfResource", "PutItem", "Query", "StartAwsBackupJob", "UpdateItem",
)  # fmt: skip
"""What functions and backups do with tables."""


def services_boundary() -> Statement:
    """Return the statement of a deployment's boundary for SERVICES."""
    return allow([f"{service}:*" for service in SERVICES], ["*"])


def stack_boundary(prefix: str, place: Place) -> Iterator[Statement]:
    """Yield the statements of the boundary for a stack's roles: of its functions and its backups.

    `prefix` is that of the stack's names, `gatehouse-prod-`.
    """
    yield allow([f"dynamodb:{each}" for each in TABLE_ACTIONS], [place.arn("dynamodb", f"table/{prefix}*")])
    yield allow(["logs:CreateLogStream", "logs:PutLogEvents"], [place.arn("logs", f"log-group:/aws/lambda/{prefix}*")])
    yield allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"])
    yield allow(
        ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey", "kms:CreateGrant"],
        [place.arn("kms", "key/*")],
        {"StringLike": {"kms:ViaService": ["dynamodb.*", "backup.*"]}},
    )
    # Backups are encrypted with a key of the stack, and may be copied to a vault of another account.
    aliases = {"kms:ResourceAliases": f"alias/{prefix}*"}
    own = {"ForAnyValue:StringLike": aliases, "ForAllValues:StringLike": aliases}
    yield allow(
        ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant"], [place.arn("kms", "key/*")], own
    )
    vaults = place.arn("backup", "backup-vault:*", region="*", account="*")
    yield allow(["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"], [vaults])
