"""The document for people and tools: OpenAPI 3.1 with scopes, links, examples and problem responses."""

from collections.abc import Sequence
from typing import Any

from handlers.contract import Collection, Operation, Route
from infra.documents.answers import answer_schemas
from infra.documents.parameters import parameters
from infra.documents.responses import HEADERS, response_components, responses
from infra.documents.schemas import REFERENCE, body_schema_name, model_schemas

SUMMARIES = {
    "list": "List {plural}",
    "create": "Create {article} {singular}",
    "read": "Read {article} {singular}",
    "replace": "Replace {article} {singular}",
    "update": "Change some fields of {article} {singular}",
    "delete": "Delete {article} {singular}",
}

MEDIA_TYPES = {"whole": ("application/json",), "patch": ("application/merge-patch+json", "application/json")}
"""What a body may be declared as; the first is the one to use."""

DESCRIPTION = """\
A REST API behind a JWT authorizer.

Every request carries `Authorization: Bearer <JWT>`, with a token of the stack's identity provider whose scopes allow
the operation. Data belongs to the token's subject: nobody else sees it. Every error is a problem (RFC 9457). What this
document does not name, in a query or a body, is refused. Browsers may call from the origins that the stack names.
"""


def published_document(title: str, routes: Sequence[Route]) -> dict[str, Any]:
    """The document of these routes."""
    collections = list({route.collection.name: route.collection for route in routes}.values())
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        described = {method.lower(): _operation(route, method) for method in route.operation.methods}
        paths.setdefault(route.path, {}).update(described)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document is; a stack's own address is its output `url`."}],
        "tags": [{"name": each.name, "description": each.summary} for each in collections],
        "paths": paths,
        "components": {
            "securitySchemes": {"oauth2": _security_scheme(routes)},
            "headers": HEADERS,
            "responses": response_components(),
            "schemas": {**answer_schemas(collections), **model_schemas(collections)},
        },
    }


def operation_id(route: Route, method: str) -> str:
    """The name of a method of a route: the route's own, or with the method where that is not the operation's first."""
    return route.name if method == route.operation.method else f"{route.name}-{method.lower()}"


def _security_scheme(routes: Sequence[Route]) -> dict[str, Any]:
    verbs = {"read": "Read {}", "write": "Create, change and delete {}"}
    scopes = {route.scope: verbs[route.operation.verb].format(route.collection.name) for route in routes}
    flow = {"tokenUrl": "https://id.example.com/token", "scopes": scopes}
    return {"type": "oauth2", "description": "The stack's identity provider.", "flows": {"clientCredentials": flow}}


def _operation(route: Route, method: str) -> dict[str, Any]:
    operation, collection = route.operation, route.collection
    described: dict[str, Any] = {
        "operationId": operation_id(route, method),
        "summary": _summary(operation, collection, method),
        **({"description": _list_description(collection)} if operation.name == "list" else {}),
        "tags": [collection.name],
        "security": [{"oauth2": [route.scope]}],
        "parameters": parameters(route),
        "responses": responses(route, method),
    }
    if operation.body != "none":
        described["requestBody"] = _request_body(route)
    return described


def _summary(operation: Operation, collection: Collection, method: str) -> str:
    article = "an" if collection.singular[0] in "aeio" else "a"
    summary = SUMMARIES[operation.name].format(plural=collection.name, singular=collection.singular, article=article)
    return summary if method == operation.method else f"{summary}: the headers only"


def _list_description(collection: Collection) -> str:
    """A list's order and consistency: what DynamoDB reads from a global secondary index may lag behind the table."""
    order = f"A page of {collection.name} in order of creation."
    late = f"is eventually consistent: it may miss the last writes, which `GET /{collection.name}/{{id}}` shows."
    if collection.client_ids:
        return f"{order} The list {late}"
    return f"{order} The list is consistent." + (f" A filtered list {late}" if collection.filters else "")


def _request_body(route: Route) -> dict[str, Any]:
    operation, collection = route.operation, route.collection
    if operation.body == "patch":
        name, example = f"{collection.model.__name__}Patch", dict([next(iter(collection.example.items()))])
    else:
        name, example = body_schema_name(collection, new=operation.name == "create"), collection.example
    content = {"schema": {"$ref": REFERENCE.format(name=name)}, "example": example}
    return {"required": True, "content": dict.fromkeys(MEDIA_TYPES[operation.body], content)}
