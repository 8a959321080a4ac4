"""The document that API Gateway imports as an HTTP API: routes, integrations and the authorizer.

HTTP APIs validate neither parameters nor bodies, so the document describes neither (AWS, "Working with OpenAPI
definitions for HTTP APIs in API Gateway"). CORS is not in it: pulumi-aws deletes a CORS configuration that comes from
the document unless it is also an argument of the API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from authorizer.settings import CacheBy
from handlers.contract import Route
from infra.documents.gateway_security import AUTHORIZER

IDENTITY_SOURCES: Mapping[CacheBy, list[str]] = {
    "token": ["$request.header.Authorization"],
    "route": ["$request.header.Authorization", "$context.routeKey"],
}
"""What API Gateway caches policies by. The authorizer expects the sources in this order."""
ENDPOINT = "x-amazon-apigateway-endpoint-configuration"
"""Settings of the API's URL, which documents of OpenAPI 3 have per server (as in AWS SAM, `add_endpoint_config`)."""

INTEGRATIONS = "x-amazon-apigateway-integrations"
"""Integrations that several routes share (AWS, "x-amazon-apigateway-integrations object")."""


@dataclass(frozen=True, kw_only=True)
class HttpGatewayDocument:
    """The document's inputs.

    `functions` are the invocation URIs of the routes' functions by route name, `authorizer` is the authorizer's.
    `policy_cache` is how long (seconds) API Gateway caches its policies, and `cache_by` what it caches them by.
    `disables_default_endpoint` is whether API Gateway's own URL rejects requests.
    """

    title: str
    routes: Sequence[Route]
    functions: Mapping[str, str]
    authorizer: str
    policy_cache: int
    cache_by: CacheBy = "token"
    disables_default_endpoint: bool = False

    def render(self) -> dict[str, Any]:
        """Return the document."""
        server = {ENDPOINT: {"disableExecuteApiEndpoint": True}}
        return {
            "openapi": "3.0.1",
            "info": {"title": self.title, "version": "1"},
            **({"servers": [server]} if self.disables_default_endpoint else {}),
            "components": {
                "securitySchemes": {AUTHORIZER: self._authorizer()},
                INTEGRATIONS: {name: _integration(uri) for uri, name in self._integrations.items()},
            },
            "paths": {path: self._path(path) for path in sorted({route.path for route in self.routes})},
        }

    @cached_property
    def _integrations(self) -> dict[str, str]:
        """The names of the integrations by the function's URI: one for each, because an API has at most 300.

        They are called after the first route.
        """
        names: dict[str, str] = {}
        for route in self.routes:
            names.setdefault(self.functions[route.name], route.name)
        return names

    def _authorizer(self) -> dict[str, Any]:
        return {
            # The identity sources say where the credentials are; the rest is as in AWS SAM (`ApiGatewayV2Authorizer`).
            "type": "apiKey",
            "name": "Unused",
            "in": "header",
            "x-amazon-apigateway-authorizer": {
                "type": "request",
                "authorizerUri": self.authorizer,
                "authorizerPayloadFormatVersion": "2.0",
                "authorizerResultTtlInSeconds": self.policy_cache,
                "enableSimpleResponses": False,
                "identitySource": IDENTITY_SOURCES[self.cache_by],
            },
        }

    def _path(self, path: str) -> dict[str, Any]:
        routes = [route for route in self.routes if route.path == path]
        return {
            method.lower(): self._operation(route, method) for route in routes for method in route.operation.methods
        }

    def _operation(self, route: Route, method: str) -> dict[str, Any]:
        item_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        return {
            "operationId": route.operation_id(method),
            "security": [{AUTHORIZER: []}],
            **({"parameters": [item_id]} if route.operation.on_item else {}),
            "responses": {str(int(route.operation.status)): {"description": route.operation.status.phrase}},
            "x-amazon-apigateway-integration": {
                "$ref": f"#/components/{INTEGRATIONS}/{self._integrations[self.functions[route.name]]}"
            },
        }


def _integration(uri: str) -> dict[str, str]:
    return {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0"}
