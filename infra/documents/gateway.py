"""The document that API Gateway imports: OpenAPI 3.0.1 with its `x-amazon-apigateway-*` extensions.

Source: AWS, "Working with API Gateway extensions to OpenAPI". Security schemes must be `apiKey` with the authorizer
extension, schemas are JSON schema draft 4, and model names are alphanumeric.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authorizer.settings import CacheBy
from handlers.contract import Route
from infra.documents.gateway_responses import gateway_responses
from infra.documents.parameters import parameters
from infra.documents.preflight import preflight
from infra.documents.schemas import REFERENCE, gateway_schema, model_schemas

AUTHORIZER = "bearer"
API_KEY = "api_key"
"""The scheme's name in API Gateway's own documents (AWS, "Configure a method to use API keys")."""

TOKEN_EXPRESSION = r"^[Bb][Ee][Aa][Rr][Ee][Rr] [A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"  # noqa: S105
"""The pattern of an Authorization header (RFC 6750, RFC 7515 §7.1). The authorizer is not called for any other."""


ROUTE_SOURCES = "method.request.header.Authorization, context.httpMethod, context.resourcePath"
"""The identity sources of policies that are cached for each route (AWS, "Configure an API Gateway Lambda authorizer":
they may be headers, query strings, stage variables and `$context` variables)."""


@dataclass(frozen=True, kw_only=True)
class GatewayDocument:
    """The document's inputs.

    `functions` are the invocation URIs of the routes' functions by route name, `authorizer` is the authorizer's.
    `policy_cache` is how long (seconds) API Gateway caches its policies, and `cache_by` what it caches them by.
    `rejects_clients` is whether clients without a usage plan are rejected.
    """

    title: str
    routes: Sequence[Route]
    functions: Mapping[str, str]
    authorizer: str
    policy_cache: int
    cache_by: CacheBy = "token"
    cors_origins: tuple[str, ...] = ()
    validate_bodies: bool = False
    has_usage_plans: bool = False
    rejects_clients: bool = False

    def render(self) -> dict[str, Any]:
        """Return the document."""
        collections = {route.collection.name: route.collection for route in self.routes}.values()
        return {
            "openapi": "3.0.1",
            "info": {"title": self.title, "version": "1"},
            "x-amazon-apigateway-request-validators": {
                "request": {"validateRequestParameters": True, "validateRequestBody": self.validate_bodies}
            },
            "x-amazon-apigateway-request-validator": "request",
            "x-amazon-apigateway-gateway-responses": gateway_responses(
                self.title, self.cors_origins, rejects_clients=self.rejects_clients
            ),
            "components": {
                "securitySchemes": self._security_schemes(),
                "schemas": {name: gateway_schema(schema) for name, schema in model_schemas(collections).items()},
            },
            "paths": {path: self._path(path) for path in sorted({route.path for route in self.routes})}
            | self._unknown_paths(),
        }

    def _security_schemes(self) -> dict[str, Any]:
        api_key = {"type": "apiKey", "name": "x-api-key", "in": "header"}
        return {AUTHORIZER: self._authorizer(), **({API_KEY: api_key} if self.has_usage_plans else {})}

    def _security(self) -> list[dict[str, Any]]:
        """Return what a method requires: the authorizer, and with usage plans the API key that the authorizer returns.

        In OpenAPI, two entries are alternatives; API Gateway requires both, as in the output of AWS SAM (`swagger.py`).
        """
        return [{AUTHORIZER: []}, *([{API_KEY: []}] if self.has_usage_plans else [])]

    def _authorizer(self) -> dict[str, Any]:
        kind = (
            {"type": "token", "identityValidationExpression": TOKEN_EXPRESSION}
            if self.cache_by == "token"
            else {"type": "request", "identitySource": ROUTE_SOURCES}
        )
        return {
            "type": "apiKey",
            # AWS, "x-amazon-apigateway-authorizer object": it must be "Unused" if there are several identity sources.
            "name": "Authorization" if self.cache_by == "token" else "Unused",
            "in": "header",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {
                "authorizerUri": self.authorizer,
                "authorizerResultTtlInSeconds": self.policy_cache,
                **kind,
            },
        }

    def _path(self, path: str) -> dict[str, Any]:
        routes = [route for route in self.routes if route.path == path]
        methods = {
            method.lower(): self._method(route, method) for route in routes for method in route.operation.methods
        }
        if self.cors_origins:
            in_path = [_parameter(each) for each in parameters(routes[0]) if each["in"] == "path"]
            methods["options"] = preflight(sorted(methods), self.cors_origins) | {"parameters": in_path}
        return methods

    def _unknown_paths(self) -> dict[str, Any]:
        """Return preflights for all other paths, without which browsers do not let a page read the 404 of such a path.

        OPTIONS is their only method, so API Gateway still answers any other method with MISSING_AUTHENTICATION_TOKEN.
        """
        if not self.cors_origins:
            return {}
        methods = sorted({method for route in self.routes for method in route.operation.methods})
        response = preflight(methods, self.cors_origins)
        proxy = _parameter({"name": "proxy", "in": "path", "required": True})
        return {"/": {"options": response}, "/{proxy+}": {"options": response | {"parameters": [proxy]}}}

    def _method(self, route: Route, method: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "operationId": route.operation_id(method),
            "security": self._security(),
            "parameters": [_parameter(each) for each in parameters(route)],
            "responses": {str(int(route.operation.status)): {"description": route.operation.status.phrase}},
            "x-amazon-apigateway-integration": {
                "type": "aws_proxy",
                "httpMethod": "POST",
                "uri": self.functions[route.name],
                "passthroughBehavior": "when_no_match",
            },
        }
        if route.operation.body == "whole":
            content = {"schema": {"$ref": REFERENCE.format(name=route.body_model.__name__)}}
            found["requestBody"] = {"required": True, "content": dict.fromkeys(route.operation.media_types, content)}
        return found


def _parameter(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter for API Gateway, which checks only whether a required one is present."""
    kept = {key: described[key] for key in ("name", "in")}
    return kept | {"required": described.get("required", False), "schema": {"type": "string"}}
