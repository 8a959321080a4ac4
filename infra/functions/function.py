"""A Lambda function with its own role and log group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from handlers.metrics import MetricSettings
from infra.functions.function_settings import FunctionSettings
from infra.functions.provisioned_concurrency import ProvisionedConcurrency, ProvisionedConcurrencyArgs
from infra.functions.role_policies import (
    FUNCTION,
    SEND_TRACES,
    ManagedPolicyArgs,
    Statement,
    managed_policy,
    own_log,
    own_policies,
)
from infra.logs import LogSettings, log_group
from infra.naming import Names
from infra.packaging.target import Target

ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


ALIAS = "live"
"""The alias that API Gateway calls, if the stack has versions."""

TRACING = "tracing"
"""The name of the policy with which a function sends traces."""


@dataclass(frozen=True, kw_only=True)
class FunctionDefaults:
    """What all functions of a stack have in common. `metrics` are the handlers', None if they are off."""

    names: Names
    settings: FunctionSettings
    logs: LogSettings
    metrics: MetricSettings | None = None

    def target(self, name: str) -> Target:
        """Return the platform that a function runs on."""
        return Target.of(self.settings.architecture, self.settings.of(name).runtime)

    def log_level(self, name: str) -> str:
        """Return the lowest severity that a function logs."""
        return self.settings.log_level(name, self.logs.level)


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """A function's code, layers, environment variables and permissions besides writing its own log.

    `optional` holds statements that a setting adds, in a policy for each name. When the setting is removed, Pulumi
    updates the function first and deletes the policy last, so that running requests keep their permissions.
    `managed` holds the statements of each customer-managed policy, for what does not fit into the role.
    `timeout` (seconds) and `log_level` replace what the settings say.
    """

    description: str
    handler: str
    code: pulumi.Archive
    defaults: FunctionDefaults
    layers: Sequence[pulumi.Input[str]] = ()
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    statements: Sequence[Statement] = ()
    managed: Sequence[Sequence[Statement]] = ()
    optional: Mapping[str, Sequence[Statement]] = field(default_factory=dict[str, Sequence[Statement]])
    timeout: int | None = None
    log_level: str | None = None


class Function(pulumi.ComponentResource):
    """A Lambda function whose role allows what its statements list and nothing else."""

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:compute:Function", name, None, opts)
        defaults, settings = args.defaults, args.defaults.settings.of(name)
        child_opts = pulumi.ResourceOptions(parent=self)
        # Lambda would create a missing log group with its first line, and without retention.
        group = log_group(name, defaults.names.function_log_group(name), defaults.logs, child_opts)
        role = aws.iam.Role(
            name,
            name=defaults.names.resource(name),
            assume_role_policy=pulumi.Output.json_dumps(ASSUME_ROLE),
            opts=child_opts,
        )
        policies = self._policies(name, args, role, group)
        function = self._function(name, args, group, role, policies)
        self.name = function.name
        self.alias = self._alias(name, function) if settings.versions else None
        self.invoke_arn = self.alias.invoke_arn if self.alias else function.invoke_arn
        if self.alias and settings.provisioned_concurrency:
            provisioned = ProvisionedConcurrencyArgs(
                function=defaults.names.resource(name), alias=self.alias, settings=settings.provisioned_concurrency
            )
            ProvisionedConcurrency(name, provisioned, child_opts)
        self.register_outputs({"name": self.name, "invoke_arn": self.invoke_arn})

    def _policies(
        self, name: str, args: FunctionArgs, role: aws.iam.Role, group: aws.cloudwatch.LogGroup
    ) -> list[pulumi.Resource]:
        """Create the role's policies.

        A new collection can move others to a later policy, so later ones are updated first: no permission is missing
        in between.
        """
        defaults, created = args.defaults, list[pulumi.Resource]()
        for number, statements in reversed(list(enumerate(args.managed, start=1))):
            policy = ManagedPolicyArgs(name=defaults.names.resource(f"{name}-{number}"), statements=statements)
            opts = pulumi.ResourceOptions(parent=self, depends_on=list(created))
            created.append(managed_policy(f"{name}-{number}", policy, role, opts))
        own = {FUNCTION: [own_log(group.arn), *args.statements], **args.optional}
        if defaults.settings.of(name).tracing:
            own[TRACING] = [SEND_TRACES]
        opts = pulumi.ResourceOptions(parent=self, depends_on=list(created))
        return [*created, *own_policies(name, role, own, opts)]

    def _function(
        self,
        name: str,
        args: FunctionArgs,
        group: aws.cloudwatch.LogGroup,
        role: aws.iam.Role,
        policies: Sequence[pulumi.Resource],
    ) -> aws.lambda_.Function:
        defaults, settings, target = args.defaults, args.defaults.settings.of(name), args.defaults.target(name)
        variables = {**settings.environment, **args.environment}
        return aws.lambda_.Function(
            name,
            name=defaults.names.resource(name),
            description=args.description,
            role=role.arn,
            handler=args.handler,
            code=args.code,
            layers=list(args.layers) or None,
            runtime=target.runtime,
            architectures=[target.architecture],
            memory_size=settings.memory,
            timeout=args.timeout or settings.timeout,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=variables) if variables else None,
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON",
                log_group=group.name,
                application_log_level=args.log_level or defaults.log_level(name),
                system_log_level="WARN",
            ),
            reserved_concurrent_executions=settings.reserved_concurrency,
            publish=settings.versions or None,
            snap_start=aws.lambda_.FunctionSnapStartArgs(apply_on="PublishedVersions") if settings.snap_start else None,
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active") if settings.tracing else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=policies),
        )

    def _alias(self, name: str, function: aws.lambda_.Function) -> aws.lambda_.Alias:
        """Create the alias of the newest version."""
        return aws.lambda_.Alias(
            name,
            name=ALIAS,
            function_name=function.name,
            function_version=function.version,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def allow_gateway(self, name: str, source_arn: pulumi.Input[str]) -> aws.lambda_.Permission:
        """Let API Gateway invoke the function for one source: the ARN of a method, or of an API's authorizers.

        A function with an alias can only be invoked by that alias. Its permission has another name than the one without
        an alias, so that an update creates the new one before it deletes the old one.
        """
        name = f"{name}-{ALIAS}" if self.alias else name
        return aws.lambda_.Permission(
            name,
            statement_id=name,
            action="lambda:InvokeFunction",
            function=self.name,
            qualifier=self.alias.name if self.alias else None,
            principal="apigateway.amazonaws.com",
            source_arn=source_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
