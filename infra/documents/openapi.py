"""The OpenAPI 3.1 document for people and tools, with scopes, links, examples and problem responses."""

from collections.abc import Sequence
from typing import Any

from handlers.contract import Route
from infra.documents.parameters import parameters
from infra.documents.response_schemas import response_schemas
from infra.documents.responses import HEADERS, response_components, responses
from infra.documents.schemas import REFERENCE, model_schemas

DESCRIPTION = """\
A REST API behind a JWT authorizer.

Every request needs `Authorization: Bearer <JWT>` with a token of the stack's identity provider whose scopes allow the
operation. Data belongs to the token's subject; nobody else can see it. Every error is a problem (RFC 9457). Unknown
query parameters and unknown fields of a body are rejected. Browsers may call from the origins that the stack allows.
"""


def openapi_document(title: str, routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document of these routes."""
    collections = list({route.collection.name: route.collection for route in routes}.values())
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operations = {method.lower(): _operation(route, method) for method in route.operation.methods}
        paths.setdefault(route.path, {}).update(operations)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1",
            "description": DESCRIPTION,
            "contact": {"name": "The team that operates this API"},
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Relative to this document; the output `url` of a stack is its URL."}],
        "tags": [{"name": each.name, "description": each.summary} for each in collections],
        "paths": paths,
        "components": {
            "securitySchemes": {"oauth2": _security_scheme(routes)},
            "headers": HEADERS,
            "responses": response_components(routes),
            "schemas": {**response_schemas(collections), **model_schemas(collections)},
        },
    }


def _security_scheme(routes: Sequence[Route]) -> dict[str, Any]:
    verbs = {"read": "Read {}", "write": "Create, change and delete {}"}
    scopes = {route.scope: verbs[route.operation.verb].format(route.collection.name) for route in routes}
    flow = {"tokenUrl": "https://id.example.com/token", "scopes": scopes}
    return {"type": "oauth2", "description": "The stack's identity provider.", "flows": {"clientCredentials": flow}}


def _operation(route: Route, method: str) -> dict[str, Any]:
    operation, collection = route.operation, route.collection
    suffix = "" if method == operation.method else ": the headers only"
    return {
        "operationId": route.operation_id(method),
        "summary": route.describe(operation.summary) + suffix,
        "description": route.describe(operation.description),
        "tags": [collection.name],
        "security": [{"oauth2": [route.scope]}],
        "parameters": parameters(route),
        **({"requestBody": _request_body(route)} if operation.media_types else {}),
        "responses": responses(route, method),
    }


def _request_body(route: Route) -> dict[str, Any]:
    name, example = route.body_model.__name__, route.collection.example
    if route.operation.body == "patch":
        name, example = f"{name}Patch", dict([*example.items()][:1])
    content = {"schema": {"$ref": REFERENCE.format(name=name)}, "example": example}
    return {"required": True, "content": dict.fromkeys(route.operation.media_types, content)}
