"""A Lambda function with a role of its own and a log group made before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.naming import Names

ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Actions that a function's role is allowed, on exactly these resources."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What a function runs, with which means, and what its role is granted besides writing its own log.

    `memory` is in MB, `timeout` in seconds, `log_retention` in days.
    """

    names: Names
    description: str
    handler: str
    code: pulumi.Archive
    runtime: str
    architecture: str
    memory: int
    timeout: int
    log_retention: int
    log_level: str
    tags: dict[str, str]
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    grants: Sequence[Grant] = ()


class Function(pulumi.ComponentResource):
    """A Lambda function that may do what it is granted and nothing else."""

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:compute:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Without this, Lambda makes the group at the first line it logs, and that one keeps logs for ever.
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=args.names.function_log_group(name),
            retention_in_days=args.log_retention,
            tags=args.tags,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            name=args.names.resource(name),
            assume_role_policy=pulumi.Output.json_dumps(ASSUME_ROLE),
            tags=args.tags,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            name,
            name="function",
            role=role.name,
            policy=pulumi.Output.json_dumps(policy_document(log_group.arn, args.grants)),
            opts=child,
        )
        self.function = aws.lambda_.Function(
            name,
            name=args.names.resource(name),
            description=args.description,
            role=role.arn,
            handler=args.handler,
            code=args.code,
            runtime=args.runtime,
            architectures=[args.architecture],
            memory_size=args.memory,
            timeout=args.timeout,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=args.environment) if args.environment else None,
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON",
                log_group=log_group.name,
                application_log_level=args.log_level,
                system_log_level="WARN",
            ),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.name = self.function.name
        self.arn = self.function.arn
        self.invoke_arn = self.function.invoke_arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def allow_gateway(self, name: str, source_arn: pulumi.Input[str]) -> aws.lambda_.Permission:
        """Lets API Gateway invoke the function for one source: a method's ARN, or an API's authorizers."""
        return aws.lambda_.Permission(
            name,
            statement_id=name,
            action="lambda:InvokeFunction",
            function=self.name,
            principal="apigateway.amazonaws.com",
            source_arn=source_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )


def policy_document(log_group_arn: pulumi.Input[str], grants: Sequence[Grant]) -> dict[str, Any]:
    """The role's policy: writing the function's own log, and the grants."""
    own_log = Grant(
        actions=("logs:CreateLogStream", "logs:PutLogEvents"), resources=(pulumi.Output.concat(log_group_arn, ":*"),)
    )
    statements = [
        {"Effect": "Allow", "Action": list(grant.actions), "Resource": list(grant.resources)}
        for grant in (own_log, *grants)
    ]
    return {"Version": "2012-10-17", "Statement": statements}
