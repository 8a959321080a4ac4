"""The role with which API Gateway writes logs: a setting of the account and region, so no stack owns it."""

import json

import pulumi
import pulumi_aws as aws

trust = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

role = aws.iam.Role("gateway-logs", assume_role_policy=json.dumps(trust))
attachment = aws.iam.RolePolicyAttachment(
    "gateway-logs",
    role=role.name,
    policy_arn="arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
)
account = aws.apigateway.Account(
    "gateway", cloudwatch_role_arn=role.arn, opts=pulumi.ResourceOptions(depends_on=[attachment])
)

pulumi.export("role", role.arn)
