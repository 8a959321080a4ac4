"""The REST API, which API Gateway imports from an OpenAPI document, with its deployment and stage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.api.access_log import REST_FORMAT, access_log
from infra.api.api_args import ApiArgs, deployment_digest
from infra.api.method_settings import method_settings
from infra.api.usage_settings import UsageSettings
from infra.documents.gateway import GatewayDocument
from infra.logs import log_group

ENDPOINT_TYPE = "REGIONAL"
TLS = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
"""TLS 1.2 with forward secrecy, and 1.3, for an API with a domain: AWS documents that a handshake at the domain follows
the API's policy ("Security policies for REST APIs in API Gateway"), whose default allows TLS 1.0."""


@dataclass(frozen=True, kw_only=True)
class RestApiArgs(ApiArgs):
    """An API, and the limits for each of its clients."""

    usage: UsageSettings

    @property
    def key_source(self) -> str:
        """Where API Gateway reads API keys: from the authorizer, or from the header x-api-key, its default.

        Always set, because omitting it in an update would restore the value from before the document was imported.
        """
        return "AUTHORIZER" if self.usage.plans and self.usage.keys == "authorizer" else "HEADER"

    @property
    def besides_document(self) -> tuple[str, ...]:
        """What a deployment contains besides the document."""
        domain = (TLS, f"default endpoint disabled: {self.domain.disable_default_endpoint}") if self.domain.name else ()
        return ENDPOINT_TYPE, self.key_source, *domain


class RestApi(pulumi.ComponentResource):
    """The API that clients call."""

    def __init__(self, name: str, args: RestApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:api:Gateway", name, None, opts)
        self.args = args
        self.child_opts = pulumi.ResourceOptions(parent=self)
        body = args.invocation_uris().apply(self._render)
        self.api = aws.apigateway.RestApi(
            name,
            name=args.names.api,
            body=body,
            api_key_source=args.key_source,
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(types=ENDPOINT_TYPE),
            # Always set: the provider would keep the value of a removed argument.
            disable_execute_api_endpoint=args.domain.disables_default_endpoint,
            security_policy=TLS if args.domain.name else None,
            endpoint_access_mode="BASIC" if args.domain.name else None,
            fail_on_warnings=True,
            opts=self.child_opts,
        )
        deployment = aws.apigateway.Deployment(
            name,
            rest_api=self.api.id,
            triggers={"api": body.apply(lambda document: deployment_digest(document, *args.besides_document))},
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.allow_gateway(self.api.execution_arn)),
        )
        stage = self._stage(name, deployment)
        self._set_methods(name, stage)
        self.api_id = self.api.id
        self.stage_name = stage.stage_name
        self.stage_arn = stage.arn
        self.url = stage.invoke_url
        self.register_outputs({"url": self.url})

    def _render(self, uris: Mapping[str, Any]) -> str:
        args = self.args
        document = GatewayDocument(
            title=args.names.api,
            routes=args.routes,
            functions=uris["functions"],
            authorizer=uris["authorizer"],
            policy_cache=args.policy_cache,
            cache_by=args.authorizer.cache_by,
            api=args.api,
            usage=args.usage,
        )
        return json.dumps(document.render(), sort_keys=True)

    def _stage(self, name: str, deployment: aws.apigateway.Deployment) -> aws.apigateway.Stage:
        args = self.args
        log = access_log(name, args, self)
        return aws.apigateway.Stage(
            name,
            rest_api=self.api.id,
            deployment=deployment.id,
            stage_name=args.names.stack,
            access_log_settings=aws.apigateway.StageAccessLogSettingsArgs(destination_arn=log.arn, format=REST_FORMAT),
            variables=args.api.variables(args.names.stack),
            cache_cluster_enabled=True if args.api.cache.size else None,
            cache_cluster_size=args.api.cache.cluster_size,
            xray_tracing_enabled=args.handlers.is_traced or None,
            opts=self.child_opts,
        )

    def _set_methods(self, name: str, stage: aws.apigateway.Stage) -> None:
        """Set the throttling, caching, metrics and execution log of all methods, and of those that differ."""
        args = self.args
        log_name = self.api.id.apply(args.names.execution_log_group)
        execution_log = log_group("execution", log_name, args.logs, self.child_opts)
        for method, path, settings in method_settings(args.routes, args.api):
            aws.apigateway.MethodSettings(
                f"{name}-{method}" if method else name,
                rest_api=self.api.id,
                stage_name=stage.stage_name,
                method_path=path,
                settings=settings,
                # With a logging level, API Gateway would create a missing log group itself, without retention.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[execution_log]),
            )
