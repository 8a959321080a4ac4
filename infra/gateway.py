"""The REST API: one document imported, one deployment that follows it, one stage."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.contract import Route
from infra.documents.gateway import GatewayDocument
from infra.function import Function
from infra.naming import Names
from infra.settings import StackSettings

ENDPOINT_TYPE = "REGIONAL"

ACCESS_LOG_FORMAT = json.dumps(
    {
        "request_id": "$context.requestId",
        "decision_id": "$context.authorizer.decision_id",
        # The authorizer's invocation, also where it returned no context: a 401, or a failure.
        "authorizer_request_id": "$context.authorizer.requestId",
        "time": "$context.requestTimeEpoch",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "error": "$context.error.responseType",
        "milliseconds": "$context.responseLatency",
        "integration_milliseconds": "$context.integration.latency",
        "authorizer_milliseconds": "$context.authorizer.latency",
        "issuer": "$context.authorizer.issuer",
        "client": "$context.authorizer.client",
    }
)
"""One JSON object per request, with nothing of the token and nobody's name or address."""


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """The routes, the functions behind them by route name, the authorizer's function, and the stack's settings."""

    names: Names
    routes: Sequence[Route]
    functions: Mapping[str, Function]
    authorizer: Function
    settings: StackSettings


class Gateway(pulumi.ComponentResource):
    """The API that clients call."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:api:Gateway", name, None, opts)
        self.args = args
        self.child = pulumi.ResourceOptions(parent=self)
        self.body = self._document()
        self.api = aws.apigateway.RestApi(
            name,
            name=args.names.api,
            body=self.body,
            api_key_source=key_source(args.settings),
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(types=ENDPOINT_TYPE),
            fail_on_warnings=True,
            tags=args.settings.tags,
            opts=self.child,
        )
        permissions = self._permissions()
        deployment = aws.apigateway.Deployment(
            name,
            rest_api=self.api.id,
            # What is deployed is a snapshot of the API, so everything that makes the API has to be in here.
            triggers={"api": self.body.apply(lambda body: digest(body, ENDPOINT_TYPE, key_source(args.settings)))},
            opts=pulumi.ResourceOptions(parent=self, depends_on=permissions),
        )
        self.stage = self._stage(name, deployment)
        self.url = self.stage.invoke_url
        self.register_outputs({"url": self.url})

    def _document(self) -> pulumi.Output[str]:
        args = self.args
        uris = {name: function.invoke_arn for name, function in args.functions.items()}
        return pulumi.Output.all(functions=uris, authorizer=args.authorizer.invoke_arn).apply(self._render)

    def _render(self, made: Mapping[str, Any]) -> str:
        document = GatewayDocument(
            title=self.args.names.api,
            routes=self.args.routes,
            functions=made["functions"],
            authorizer=made["authorizer"],
            settings=self.args.settings,
        )
        return json.dumps(document.render(), sort_keys=True)

    def _permissions(self) -> list[aws.lambda_.Permission]:
        """API Gateway may invoke each function for its own methods, and the authorizer for this API's authorizers."""
        arn = self.api.execution_arn
        allowed = [self.args.authorizer.allow_gateway("authorizer", pulumi.Output.concat(arn, "/authorizers/*"))]
        for route in self.args.routes:
            function = self.args.functions[route.name]
            path = route.path.replace("{id}", "*")
            for method in route.operation.methods:
                source = pulumi.Output.concat(arn, "/*/", method, path)
                allowed.append(function.allow_gateway(f"{route.name}-{method.lower()}", source))
        return allowed

    def _stage(self, name: str, deployment: aws.apigateway.Deployment) -> aws.apigateway.Stage:
        settings = self.args.settings
        access_log = self._log_group("access", self.args.names.access_log_group)
        execution_log = self._log_group("execution", self.api.id.apply(self.args.names.execution_log_group))
        stage = aws.apigateway.Stage(
            name,
            rest_api=self.api.id,
            deployment=deployment.id,
            stage_name=self.args.names.stack,
            access_log_settings=aws.apigateway.StageAccessLogSettingsArgs(
                destination_arn=access_log.arn, format=ACCESS_LOG_FORMAT
            ),
            variables={"stack": self.args.names.stack, **settings.stage_variables},
            tags=settings.tags,
            opts=self.child,
        )
        aws.apigateway.MethodSettings(
            name,
            rest_api=self.api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings=aws.apigateway.MethodSettingsSettingsArgs(
                throttling_rate_limit=settings.throttle_rate,
                throttling_burst_limit=settings.throttle_burst,
                metrics_enabled=True,
                logging_level="ERROR",
                data_trace_enabled=False,
            ),
            # A logging level makes API Gateway create the group where there is none, and that one keeps logs forever.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[execution_log]),
        )
        return stage

    def _log_group(self, name: str, physical_name: pulumi.Input[str]) -> aws.cloudwatch.LogGroup:
        """Create a log group with the stack's retention."""
        settings = self.args.settings
        return aws.cloudwatch.LogGroup(
            name,
            name=physical_name,
            retention_in_days=settings.log_retention_days,
            tags=settings.tags,
            opts=self.child,
        )


def key_source(settings: StackSettings) -> str:
    """Whose API key counts: the one that the authorizer names, or, where there are no plans, what is the default.

    It is an argument, and always said: left out, an update puts back what the API had before its body was imported.
    """
    return "AUTHORIZER" if settings.usage.plans else "HEADER"


def digest(body: str, *arguments: str) -> str:
    """A digest of the API's document and of the arguments that override it."""
    return hashlib.sha256("\0".join((body, *arguments)).encode()).hexdigest()
