"""A Lambda function with its own role and log group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
import pulumi
import pulumi_aws as aws
from msgspec import Meta

from infra.bundles import Target
from infra.logs import LogSettings, log_group
from infra.naming import Names

ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class FunctionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The Lambda functions: the handlers and the authorizer."""

    architecture: Annotated[
        Literal["arm64", "x86_64", "host"],
        Meta(description="The processor. `host` is the machine that runs the local stack."),
    ] = "arm64"
    compiled_files: Annotated[
        bool,
        Meta(
            description="Whether bundles contain compiled Python files instead of sources, which shortens cold starts. "
            "The machine that deploys must have the functions' version of Python."
        ),
    ] = False
    memory: Annotated[
        int, Meta(ge=128, le=10240, description="Memory of each function, in MB. Its share of the CPU grows with it.")
    ] = 512
    timeout: Annotated[
        int, Meta(ge=3, le=29, description="Seconds that a handler may run. API Gateway waits at most 29.")
    ] = 10


@dataclass(frozen=True, kw_only=True)
class FunctionDefaults:
    """What all functions of a stack have in common."""

    names: Names
    settings: FunctionSettings
    logs: LogSettings
    tags: dict[str, str]

    @property
    def target(self) -> Target:
        """The platform that the functions run on."""
        return Target.of(self.settings.architecture)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Actions that a function's role allows, on exactly these resources."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """A function's code, environment variables and permissions besides writing its own log.

    `optional` holds statements that a setting adds, in a policy for each name. When the setting is removed, Pulumi
    updates the function first and deletes the policy last, so that running requests keep their permissions.
    `timeout` (seconds) and `log_level` override the stack's defaults.
    """

    description: str
    handler: str
    code: pulumi.Archive
    defaults: FunctionDefaults
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    statements: Sequence[Statement] = ()
    optional: Mapping[str, Sequence[Statement]] = field(default_factory=dict[str, Sequence[Statement]])
    timeout: int | None = None
    log_level: str | None = None


class Function(pulumi.ComponentResource):
    """A Lambda function whose role allows what its statements list and nothing else."""

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:compute:Function", name, None, opts)
        defaults = args.defaults
        child_opts = pulumi.ResourceOptions(parent=self)
        # Lambda would create a missing log group with its first line, and without retention.
        group = log_group(name, defaults.names.function_log_group(name), defaults.logs, defaults.tags, child_opts)
        role = aws.iam.Role(
            name,
            name=defaults.names.resource(name),
            assume_role_policy=pulumi.Output.json_dumps(ASSUME_ROLE),
            tags=defaults.tags,
            opts=child_opts,
        )
        documents = {"function": policy_document(own_log(group.arn), *args.statements)}
        documents |= {each: policy_document(*statements) for each, statements in args.optional.items()}
        policies = [
            aws.iam.RolePolicy(
                name if each == "function" else f"{name}-{each}",
                name=each,
                role=role.name,
                policy=pulumi.Output.json_dumps(document),
                opts=child_opts,
            )
            for each, document in documents.items()
        ]
        function = self._function(name, args, group, role, policies)
        self.name = function.name
        self.invoke_arn = function.invoke_arn
        self.register_outputs({"name": self.name, "invoke_arn": self.invoke_arn})

    def _function(
        self,
        name: str,
        args: FunctionArgs,
        group: aws.cloudwatch.LogGroup,
        role: aws.iam.Role,
        policies: Sequence[aws.iam.RolePolicy],
    ) -> aws.lambda_.Function:
        defaults = args.defaults
        return aws.lambda_.Function(
            name,
            name=defaults.names.resource(name),
            description=args.description,
            role=role.arn,
            handler=args.handler,
            code=args.code,
            runtime=defaults.target.runtime,
            architectures=[defaults.target.architecture],
            memory_size=defaults.settings.memory,
            timeout=args.timeout or defaults.settings.timeout,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=args.environment) if args.environment else None,
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON",
                log_group=group.name,
                application_log_level=args.log_level or defaults.logs.level,
                system_log_level="WARN",
            ),
            tags=defaults.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=policies),
        )

    def allow_gateway(self, name: str, source_arn: pulumi.Input[str]) -> aws.lambda_.Permission:
        """Let API Gateway invoke the function for one source: the ARN of a method, or of an API's authorizers."""
        return aws.lambda_.Permission(
            name,
            statement_id=name,
            action="lambda:InvokeFunction",
            function=self.name,
            principal="apigateway.amazonaws.com",
            source_arn=source_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )


def own_log(log_group_arn: pulumi.Input[str]) -> Statement:
    """Return the statement with which a function writes its own log."""
    resource = pulumi.Output.concat(log_group_arn, ":*")
    return Statement(actions=("logs:CreateLogStream", "logs:PutLogEvents"), resources=(resource,))


def policy_document(*statements: Statement) -> dict[str, Any]:
    """Return the document of a role's policy."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(each.actions), "Resource": list(each.resources)} for each in statements
        ],
    }
