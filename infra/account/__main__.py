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
ROLE = f"gatehouse-gateway-logs-{aws.get_region().region}"
"""The role's name. Roles belong to all regions of an account, the setting to one region."""
POLICY = f"arn:{aws.get_partition().partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"

replace_role = pulumi.Config().get_bool("replaceRole") or False


def require_no_other_role(found: str | None) -> str:
    """Return the name of this project's role.

    Raises RunError if the account has another role, whose ARN is `found`, and it must not be replaced.
    """
    if not found or found.endswith(f":role/{ROLE}") or replace_role:
        return ROLE
    raise pulumi.RunError(
        f"API Gateway already writes the logs of this account and region with a role of another owner: {found}.\n"
        "To keep it, do not deploy this project: stacks of Gatehouse work with any role that has the policy\n"
        f"{POLICY}.\n"
        f"To have every API there use {ROLE} instead: pulumi config set gatehouse-account:replaceRole true"
    )


present = aws.apigateway.Account.get("present", "account")
retained = pulumi.ResourceOptions(retain_on_delete=True)
exists = ROLE in aws.iam.get_roles(name_regex=f"^{ROLE}$").names
role = aws.iam.Role(
    "gateway-logs",
    # Everything below depends on the name, so nothing is created if the check fails.
    name=present.cloudwatch_role_arn.apply(require_no_other_role),
    assume_role_policy=json.dumps(TRUST),
    # After a destroy the role exists but is not in the state. If it is in the state, importing changes nothing.
    opts=pulumi.ResourceOptions.merge(retained, pulumi.ResourceOptions(import_=ROLE if exists else None)),
)
attachment = aws.iam.RolePolicyAttachment("gateway-logs", role=role.name, policy_arn=POLICY, opts=retained)
account = aws.apigateway.Account(
    "gateway",
    cloudwatch_role_arn=role.arn,
    opts=pulumi.ResourceOptions.merge(retained, pulumi.ResourceOptions(depends_on=[attachment])),
)

pulumi.export("role", role.arn)
