"""What a deployment of one stack may do with roles, keys and Pulumi's state.

These statements are part of the deployment's boundary too, so no other policy can extend them.
"""

from collections.abc import Iterator

import pulumi

from infra.account.deployment_policies import TAG, Deployment, of
from infra.account.statements import StateAccess, Statement, allow

SERVICES = ("lambda.amazonaws.com", "backup.amazonaws.com")
"""The services to which a stack passes roles."""

LINKED = (
    "lambda.application-autoscaling.amazonaws.com", "dynamodb.application-autoscaling.amazonaws.com",
    "ops.apigateway.amazonaws.com", "wafv2.amazonaws.com", "email.cognito-idp.amazonaws.com",
)  # fmt: skip
"""The services that need a role in the account, which they create with their first resource."""


CONTEXT = "stack"
"""The key of the encryption context of a stack's secrets: `&context_stack=gatehouse-prod` in the URL of the key."""


def role_statements(deployment: Deployment, boundary: pulumi.Input[str]) -> Iterator[Statement]:
    """Yield the statements for roles and policies. Roles are created and changed only with the boundary."""
    roles, policies, linked = (
        deployment.place.arn("iam", each, region="")
        for each in (f"role/{deployment.prefix}*", f"policy/{deployment.prefix}*", "role/aws-service-role/*")
    )
    yield allow(
        of("iam", "CreateRole", "PutRolePolicy", "DeleteRolePolicy", "AttachRolePolicy", "DetachRolePolicy",
           "PutRolePermissionsBoundary"),
        [roles], {"ArnEquals": {"iam:PermissionsBoundary": boundary}},
    )  # fmt: skip
    yield allow(
        of("iam", "GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "DeleteRole",
           "ListInstanceProfilesForRole", "UpdateRole", "UpdateAssumeRolePolicy", "TagRole", "UntagRole"),
        [roles],
    )  # fmt: skip
    yield allow(
        of("iam", "CreatePolicy", "GetPolicy", "DeletePolicy", "CreatePolicyVersion", "GetPolicyVersion",
           "DeletePolicyVersion", "ListPolicyVersions", "TagPolicy", "UntagPolicy"),
        [policies],
    )  # fmt: skip
    yield allow(of("iam", "PassRole"), [roles], {"StringEquals": {"iam:PassedToService": list(SERVICES)}})
    yield allow(
        of("iam", "CreateServiceLinkedRole"),
        [linked],
        {"StringEquals": {"iam:AWSServiceName": list(LINKED)}},
    )


def key_statements(deployment: Deployment) -> Iterator[Statement]:
    """Yield the statements for keys, which have the prefix only in the name of their alias.

    A new key has no alias yet, a deleted one has none any more, and KMS takes up to five minutes to notice an alias, so
    keys without one are included. A key with an alias of another owner cannot be used or changed, not even after it got
    a second alias with the prefix.
    """
    place = deployment.place
    alias, keys = f"alias/{deployment.prefix}*", place.arn("kms", "key/*")
    no_other = {"ForAllValues:StringLike": {"kms:ResourceAliases": alias}}
    reading = of("kms", "DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags")
    yield allow(of("kms", "CreateKey", "ListAliases"), ["*"])
    yield allow(reading, [keys])
    yield allow(of("kms", "CreateAlias", "UpdateAlias", "DeleteAlias"), [place.arn("kms", alias), keys], no_other)
    managing = of("kms", "EnableKeyRotation", "DisableKeyRotation", "PutKeyPolicy", "UpdateKeyDescription",
                  "ScheduleKeyDeletion", *TAG)  # fmt: skip
    using = of("kms", "CreateGrant", "RetireGrant", "Decrypt", "GenerateDataKey")
    yield allow([*managing, *using], [keys], no_other)
    # What DynamoDB requires of a principal that chooses a table's key, besides `using` (AWS, "DynamoDB encryption at
    # rest: usage notes").
    yield allow(
        of("kms", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKeyWithoutPlaintext"),
        [keys], {**no_other, "StringLike": {"kms:ViaService": "dynamodb.*"}},
    )  # fmt: skip


def state_statements(deployment: Deployment, state: StateAccess | None) -> Iterator[Statement]:
    """Yield the statements for the state of the stack and its branch stacks.

    The names of objects are those of Pulumi's backends without a service (pkg/backend/diy in pulumi/pulumi).
    """
    if not state:
        return
    folders = ("stacks", "history", "backups", "locks/organization")
    own = [f".pulumi/{folder}/{deployment.project}/{deployment.stack}" for folder in folders]
    yield allow(["s3:ListBucket"], [state.bucket])
    yield allow(["s3:GetObject"], state.objects(".pulumi/meta.yaml"))
    yield allow(
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        state.objects(*(f"{each}{end}" for each in own for end in (".*", "/*", "-*"))),
    )
    yield allow(["kms:Decrypt", "kms:GenerateDataKey"], [state.key], {"StringLike": {"kms:ViaService": "s3.*"}})
    # Secrets of other stacks, which may be in files of the repository, have another encryption context.
    stacks = [f"{deployment.project}-{deployment.stack}", f"{deployment.prefix}*"]
    yield allow(
        ["kms:Decrypt", "kms:Encrypt"], [state.key], {"StringLike": {f"kms:EncryptionContext:{CONTEXT}": stacks}}
    )
