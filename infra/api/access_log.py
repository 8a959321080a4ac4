"""The stage's access log: one JSON object per request. It contains neither tokens nor personal data.

Sources: AWS, "API Gateway mapping template and access logging variable reference" for REST APIs, and "Customize HTTP
API access logs", which has neither the id nor the latency of the authorizer's invocation.
"""

import json

import pulumi
import pulumi_aws as aws

from infra.api.api_args import ApiArgs
from infra.logs import log_group

COMPONENTS = ("gatehouse:api:Gateway", "gatehouse:api:HttpApi")
"""The types of the components that own the log group."""

_REST = {
    "request_id": "$context.requestId",
    "decision_id": "$context.authorizer.decision_id",
    # The authorizer's invocation, present even if it returned no context: a 401 or a failure.
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
_HTTP = {name: value for name, value in _REST.items() if not name.startswith("authorizer_")} | {
    "route": "$context.routeKey",
    "integration_milliseconds": "$context.integrationLatency",
    # An HTTP API has no execution log that would contain these.
    "authorizer_error": "$context.authorizer.error",
    "integration_error": "$context.integrationErrorMessage",
}

REST_FORMAT = json.dumps(_REST)
HTTP_FORMAT = json.dumps(_HTTP)


def access_log(name: str, args: ApiArgs, parent: pulumi.ComponentResource) -> aws.cloudwatch.LogGroup:
    """Create the log group of an API's access log. It is kept when the API's flavour changes.

    `name` is the API's logical name.
    """
    others = [component for component in COMPONENTS if component != parent.pulumi_resource_type]
    aliases = [pulumi.Alias(parent=pulumi.create_urn(name, component)) for component in others]
    opts = pulumi.ResourceOptions(parent=parent, aliases=aliases)
    return log_group("access", args.names.access_log_group, args.logs, opts)
