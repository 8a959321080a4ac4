"""The role with which API Gateway writes logs: one setting for all APIs in an account and region.

Every stack there depends on it, so `pulumi destroy` leaves everything in place, and the next `pulumi up` imports the
role. A role of another owner is kept unless `replaceRole` is set.
"""

import json

import pulumi
import pulumi_aws as aws

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def gateway_logs(project: str, opts: pulumi.ResourceOptions, *, replace: bool) -> aws.iam.Role:
    """Create the role and set it for the account and region.

    Args:
        project: The name of the stacks' project, with which the role's name starts.
        opts: The options of all resources.
        replace: Whether to replace a role of another owner.

    Raises RunError if the account has another role, and it must not be replaced.
    """
    lookup = pulumi.InvokeOptions(provider=opts.provider)
    # Roles belong to all regions of an account, the setting to one region.
    name = f"{project}-gateway-logs-{aws.get_region(opts=lookup).region}"
    partition = aws.get_partition(opts=lookup).partition
    policy = f"arn:{partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    retained = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=True))
    present = aws.apigateway.Account.get("present", "account", opts=opts)
    exists = name in aws.iam.get_roles(name_regex=f"^{name}$", opts=lookup).names
    role = aws.iam.Role(
        "gateway-logs",
        # Everything below depends on the name, so nothing is created if the check fails.
        name=present.cloudwatch_role_arn.apply(
            lambda found: _require_no_other_role(found, name, policy, replace=replace)
        ),
        assume_role_policy=json.dumps(TRUST),
        # After a destroy the role exists but is not in the state. If it is in the state, importing changes nothing.
        opts=pulumi.ResourceOptions.merge(retained, pulumi.ResourceOptions(import_=name if exists else None)),
    )
    attachment = aws.iam.RolePolicyAttachment("gateway-logs", role=role.name, policy_arn=policy, opts=retained)
    aws.apigateway.Account(
        "gateway",
        cloudwatch_role_arn=role.arn,
        opts=pulumi.ResourceOptions.merge(retained, pulumi.ResourceOptions(depends_on=[attachment])),
    )
    return role


def _require_no_other_role(found: str | None, name: str, policy: str, *, replace: bool) -> str:
    """Return the name of this project's role.

    Raises RunError if the account has another role, whose ARN is `found`, and it must not be replaced.
    """
    if not found or found.endswith(f":role/{name}") or replace:
        return name
    raise pulumi.RunError(
        f"API Gateway already writes the logs of this account and region with a role of another owner: {found}.\n"
        "To keep it, do not deploy this project: stacks of Gatehouse work with any role that has the policy\n"
        f"{policy}.\n"
        f"To have every API there use {name} instead: pulumi config set gatehouse-account:replaceRole true"
    )
