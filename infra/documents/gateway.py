"""The document that API Gateway imports: OpenAPI 3.0.1 with its `x-amazon-apigateway-*` extensions.

Source: AWS, "Working with API Gateway extensions to OpenAPI". Security schemes must be `apiKey` with the authorizer
extension, schemas are JSON schema draft 4, and model names are alphanumeric.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from authorizer.settings import CacheBy
from handlers.contract import Collection, Route
from infra.api.api_settings import ApiSettings
from infra.api.cors import Cors
from infra.api.response_cache import cache_key, varying_headers
from infra.api.usage_settings import UsageSettings
from infra.documents.gateway_responses import gateway_responses
from infra.documents.gateway_security import API_KEY_HEADER, security, security_schemes
from infra.documents.parameters import parameters
from infra.documents.patch_schemas import SUFFIX, patch_schemas
from infra.documents.preflight import preflight
from infra.documents.schemas import REFERENCE, gateway_schema, model_schemas


@dataclass(frozen=True, kw_only=True)
class GatewayDocument:
    """The document's inputs.

    `functions` are the invocation URIs of the routes' functions by route name, `authorizer` is the authorizer's.
    `policy_cache` is how long (seconds) API Gateway caches its policies, and `cache_by` what it caches them by.
    `usage` says whether methods require API keys, and who sends them.
    """

    title: str
    routes: Sequence[Route]
    functions: Mapping[str, str]
    authorizer: str
    policy_cache: int
    cache_by: CacheBy = "token"
    api: ApiSettings = field(default_factory=ApiSettings)
    usage: UsageSettings = field(default_factory=UsageSettings)

    @property
    def cors(self) -> Cors:
        """Which pages may call, and send what: their key too, if it is in a header."""
        cors = self.api.cors
        return replace(cors, headers=(*cors.headers, API_KEY_HEADER)) if self.usage.requires_keys else cors

    def render(self) -> dict[str, Any]:
        """Return the document."""
        collections = {route.collection.name: route.collection for route in self.routes}.values()
        return {
            "openapi": "3.0.1",
            "info": {"title": self.title, "version": "1"},
            "x-amazon-apigateway-request-validators": {
                "request": {"validateRequestParameters": True, "validateRequestBody": self.api.validate_bodies}
            },
            "x-amazon-apigateway-request-validator": "request",
            "x-amazon-apigateway-gateway-responses": gateway_responses(
                self.title,
                self.cors,
                rejects_clients=self.usage.rejects_unlisted,
                requires_keys=self.usage.requires_keys,
            ),
            "components": {
                "securitySchemes": security_schemes(
                    self.authorizer, self.policy_cache, self.cache_by, with_keys=bool(self.usage.plans)
                ),
                "schemas": {name: gateway_schema(schema) for name, schema in self._schemas(collections).items()},
            },
            "paths": {path: self._path(path) for path in sorted({route.path for route in self.routes})}
            | self._unknown_paths(),
        }

    def _schemas(self, collections: Iterable[Collection]) -> dict[str, Any]:
        """Return the schemas of bodies; those of patches are used only where API Gateway validates."""
        collections = list(collections)
        patches = patch_schemas(collections) if self.api.validate_bodies else {}
        return {**model_schemas(collections), **patches}

    def _path(self, path: str) -> dict[str, Any]:
        routes = [route for route in self.routes if route.path == path]
        methods = {
            method.lower(): self._method(route, method) for route in routes for method in route.operation.methods
        }
        if self.cors.origins:
            in_path = [_parameter(each) for each in parameters(routes[0]) if each["in"] == "path"]
            methods["options"] = preflight(sorted(methods), self.cors) | {"parameters": in_path}
        return methods

    def _unknown_paths(self) -> dict[str, Any]:
        """Return preflights for all other paths, without which browsers do not let a page read the 404 of such a path.

        OPTIONS is their only method, so API Gateway still answers any other method with MISSING_AUTHENTICATION_TOKEN.
        """
        if not self.cors.origins:
            return {}
        methods = sorted({method for route in self.routes for method in route.operation.methods})
        response = preflight(methods, self.cors)
        proxy = _parameter({"name": "proxy", "in": "path", "required": True})
        return {"/": {"options": response}, "/{proxy+}": {"options": response | {"parameters": [proxy]}}}

    def _method(self, route: Route, method: str) -> dict[str, Any]:
        caches = self.api.cache.ttl(route, method) is not None
        headers = varying_headers(route, self.api.cors) if caches else ()
        described = [*parameters(route), *({"name": name, "in": "header"} for name in headers)]
        found: dict[str, Any] = {
            "operationId": route.operation_id(method),
            "security": security(with_keys=bool(self.usage.plans)),
            "parameters": [_parameter(each) for each in described],
            "responses": {str(int(route.operation.status)): {"description": route.operation.status.phrase}},
            "x-amazon-apigateway-integration": {
                "type": "aws_proxy",
                "httpMethod": "POST",
                "uri": self.functions[route.name],
                "passthroughBehavior": "when_no_match",
                **({"cacheKeyParameters": cache_key(described)} if caches else {}),
            },
        }
        if model := self._body_model(route):
            content = {"schema": {"$ref": REFERENCE.format(name=model)}}
            found["requestBody"] = {"required": True, "content": dict.fromkeys(route.operation.media_types, content)}
        return found

    def _body_model(self, route: Route) -> str | None:
        """Return the name of the model of the route's bodies, if it has one."""
        name = route.body_model.__name__
        if route.operation.body == "patch":
            return f"{name}{SUFFIX}" if self.api.validate_bodies else None
        return name if route.operation.body == "whole" else None


def _parameter(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter for API Gateway, which checks only whether a required one is present."""
    kept = {key: described[key] for key in ("name", "in")}
    return kept | {"required": described.get("required", False), "schema": {"type": "string"}}
