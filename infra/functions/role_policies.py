"""The policies of a function's role: its own, and customer-managed ones for what does not fit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

FUNCTION = "function"
"""The name of the policy with what a function always needs."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Actions that a role allows on exactly these resources, on a condition if there is one."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]
    condition: Mapping[str, Mapping[str, str]] | None = None


SEND_TRACES = Statement(actions=("xray:PutTraceSegments", "xray:PutTelemetryRecords"), resources=("*",))
"""What tracing needs. X-Ray has no resources for it (AWS, "Actions, resources, and condition keys for AWS X-Ray")."""


@dataclass(frozen=True, kw_only=True)
class ManagedPolicyArgs:
    """A customer-managed policy: its name in AWS, and its statements."""

    name: str
    statements: Sequence[Statement]


def own_policies(
    name: str, role: aws.iam.Role, policies: Mapping[str, Sequence[Statement]], opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Create the policies that are part of the role, by their names."""
    return [
        aws.iam.RolePolicy(
            name if each == FUNCTION else f"{name}-{each}",
            name=each,
            role=role.name,
            policy=pulumi.Output.json_dumps(policy_document(statements)),
            opts=opts,
        )
        for each, statements in policies.items()
    ]


def managed_policy(
    name: str, args: ManagedPolicyArgs, role: aws.iam.Role, opts: pulumi.ResourceOptions
) -> aws.iam.RolePolicyAttachment:
    """Create a customer-managed policy, and attach it to the role."""
    document = pulumi.Output.json_dumps(policy_document(args.statements))
    policy = aws.iam.Policy(name, name=args.name, policy=document, opts=opts)
    return aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=policy.arn, opts=opts)


def own_log(log_group_arn: pulumi.Input[str]) -> Statement:
    """Return the statement with which a function writes its own log."""
    resource = pulumi.Output.concat(log_group_arn, ":*")
    return Statement(actions=("logs:CreateLogStream", "logs:PutLogEvents"), resources=(resource,))


def policy_document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Return the document of a role's policy."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": list(each.actions),
                "Resource": list(each.resources),
                **({"Condition": each.condition} if each.condition else {}),
            }
            for each in statements
        ],
    }
