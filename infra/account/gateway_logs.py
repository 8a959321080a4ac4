"""The role with which API Gateway writes logs: one setting for all APIs in an account and region.

Every stack there depends on it, so `pulumi destroy` leaves everything in place, and the next `pulumi up` imports the
role. A role of another owner is replaced only if the settings say so.
"""

import json

import pulumi
import pulumi_aws as aws

from infra.account.settings import LogsRole

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def gateway_logs(project: str, opts: pulumi.ResourceOptions, mode: LogsRole) -> pulumi.Output[str]:
    """Return the ARN of the role for the account and region, after creating and setting it unless `mode` is `existing`.

    `project` is the stacks' project, with which the role's name starts.

    Raises RunError if the account has another role and `mode` is `create`, or none and `mode` is `existing`.
    """
    present = aws.apigateway.Account.get("present", "account", opts=opts).cloudwatch_role_arn
    if mode == "existing":
        return present.apply(_require_role)
    lookup = pulumi.InvokeOptions(provider=opts.provider)
    # Roles belong to all regions of an account, the setting to one region.
    name = f"{project}-gateway-logs-{aws.get_region(opts=lookup).region}"
    partition = aws.get_partition(opts=lookup).partition
    retained = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=True))
    exists = name in aws.iam.get_roles(name_regex=f"^{name}$", opts=lookup).names
    role = aws.iam.Role(
        "gateway-logs",
        # Everything below depends on the name, so nothing is created if the check fails.
        name=present.apply(lambda found: name if mode == "replace" else _require_no_other_role(found, name)),
        assume_role_policy=json.dumps(TRUST),
        # After a destroy the role exists but is not in the state. If it is in the state, importing changes nothing.
        opts=pulumi.ResourceOptions.merge(retained, pulumi.ResourceOptions(import_=name if exists else None)),
    )
    policy = f"arn:{partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    attachment = aws.iam.RolePolicyAttachment("gateway-logs", role=role.name, policy_arn=policy, opts=retained)
    aws.apigateway.Account(
        "gateway",
        cloudwatch_role_arn=role.arn,
        opts=pulumi.ResourceOptions.merge(retained, pulumi.ResourceOptions(depends_on=[attachment])),
    )
    return role.arn


def _require_role(found: str | None) -> str:
    """Return the ARN of the account's role. Raises RunError if it has none."""
    if found:
        return found
    raise pulumi.RunError(
        "API Gateway has no role for the logs of this account and region.\n"
        "To create one: pulumi config set gatehouse-account:logsRole create"
    )


def _require_no_other_role(found: str | None, name: str) -> str:
    """Return the name of this project's role. Raises RunError if the account has another one, whose ARN is `found`."""
    if not found or found.endswith(f":role/{name}"):
        return name
    raise pulumi.RunError(
        f"API Gateway already writes the logs of this account and region with a role of another owner: {found}.\n"
        "To keep it: pulumi config set gatehouse-account:logsRole existing\n"
        f"To have every API there use {name} instead: pulumi config set gatehouse-account:logsRole replace"
    )
