"""The HTTP API, which API Gateway imports from an OpenAPI document, with its deployment and stage."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.contract.headers import EXPOSED_HEADERS
from infra.api.access_log import HTTP_FORMAT, access_log
from infra.api.api_args import ApiArgs, deployment_digest
from infra.api.api_settings import ApiSettings
from infra.api.throttling import Throttle, throttles
from infra.documents.http_gateway import HttpGatewayDocument

REQUEST_ID = "apigw-requestid"
"""The header with the request's id, which a REST API sends as `x-amzn-RequestId`."""


class HttpApi(pulumi.ComponentResource):
    """The API that clients call, as an HTTP API."""

    def __init__(self, name: str, args: ApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:api:HttpApi", name, None, opts)
        self.args = args
        body = args.invocation_uris().apply(self._render)
        self.api = aws.apigatewayv2.Api(
            name,
            name=args.names.api,
            protocol_type="HTTP",
            body=body,
            cors_configuration=self._cors(),
            # The document says so too, because each import restores what the document does not contain.
            disable_execute_api_endpoint=args.domain.disables_default_endpoint or None,
            fail_on_warnings=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        stage = self._stage(name, self._deployment(name, body))
        self.api_id = self.api.id
        self.stage_name = stage.name
        self.stage_arn = stage.arn
        self.url = stage.invoke_url
        self.register_outputs({"url": self.url})

    def _render(self, uris: Mapping[str, Any]) -> str:
        document = HttpGatewayDocument(
            title=self.args.names.api,
            routes=self.args.routes,
            functions=uris["functions"],
            authorizer=uris["authorizer"],
            policy_cache=self.args.policy_cache,
            cache_by=self.args.authorizer.cache_by,
            disables_default_endpoint=self.args.domain.disables_default_endpoint,
        )
        return json.dumps(document.render(), sort_keys=True)

    def _cors(self) -> aws.apigatewayv2.ApiCorsConfigurationArgsDict | None:
        """Return who may call the API from a browser: API Gateway answers preflights and adds the headers itself."""
        cors = self.args.api.cors
        if not cors.origins:
            return None
        return {
            "allow_origins": list(cors.origins),
            "allow_methods": sorted({method for route in self.args.routes for method in route.operation.methods}),
            "allow_headers": cors.allowed_headers,
            "allow_credentials": cors.credentials,
            "expose_headers": [*EXPOSED_HEADERS, REQUEST_ID, *cors.exposed_headers],
            "max_age": cors.max_age,
        }

    def _deployment(self, name: str, body: pulumi.Output[str]) -> aws.apigatewayv2.Deployment:
        """Deploy the API explicitly.

        With `auto_deploy`, API Gateway would deploy in the background: `pulumi up` would not notice a failure, and
        clients could reach routes before the permissions of their functions exist.
        """
        return aws.apigatewayv2.Deployment(
            name,
            api_id=self.api.id,
            triggers={"api": pulumi.Output.json_dumps([body, self._cors()]).apply(deployment_digest)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.args.allow_gateway(self.api.execution_arn)),
        )

    def _stage(self, name: str, deployment: aws.apigatewayv2.Deployment) -> aws.apigatewayv2.Stage:
        args = self.args
        log = access_log(name, args, self)
        default = Throttle(throttle_rate=args.api.throttle_rate, throttle_burst=args.api.throttle_burst)
        return aws.apigatewayv2.Stage(
            name,
            api_id=self.api.id,
            deployment_id=deployment.id,
            name=args.names.stack,
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=log.arn, format=HTTP_FORMAT
            ),
            default_route_settings=_settings(default, args.api),
            route_settings=[
                {"route_key": f"{method} {path}", **_settings(own, args.api)}
                for (method, path), own in throttles(args.routes, args.api.routes).items()
            ],
            stage_variables=args.api.variables(args.names.stack),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _settings(limit: Throttle, api: ApiSettings) -> aws.apigatewayv2.StageDefaultRouteSettingsArgsDict:
    return {
        "throttling_rate_limit": limit.throttle_rate,
        "throttling_burst_limit": limit.throttle_burst,
        "detailed_metrics_enabled": api.detailed_metrics,
    }
