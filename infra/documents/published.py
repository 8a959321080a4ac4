"""The document for people and tools: OpenAPI 3.1 with scopes, examples and problem responses."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from handlers.contract import Collection, Operation, Route
from infra.documents.parameters import parameters
from infra.documents.schemas import REFERENCE, body_schema_name, model_schemas

SUMMARIES = {
    "list": "List {plural}",
    "create": "Create {article} {singular}",
    "read": "Read {article} {singular}",
    "replace": "Replace {article} {singular}",
    "update": "Change some fields of {article} {singular}",
    "delete": "Delete {article} {singular}",
}

MERGE_PATCH = "application/merge-patch+json"

EXAMPLE_ID = "01a1f97f-08f1-7b5a-abae-f739da7cf322"
EXAMPLE_TIME = "2026-06-15T09:30:00.000Z"

SERVER_FIELDS: dict[str, Any] = {
    "id": {"type": "string", "description": "Made by the API; unique among the caller's own."},
    "created_at": {"type": "string", "format": "date-time"},
    "updated_at": {"type": "string", "format": "date-time"},
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "A URN that names the kind of problem."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "The request's id, also in the logs."},
        "scope": {"type": "string", "description": "On 403: the scopes that the token has."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def published_document(title: str, routes: Sequence[Route]) -> dict[str, Any]:
    """The document of these routes."""
    collections = list({route.collection.name: route.collection for route in routes}.values())
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.operation.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1",
            "description": "A REST API behind a JWT authorizer. Every request carries `Authorization: Bearer <JWT>`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": each.name, "description": each.summary} for each in collections],
        "paths": paths,
        "components": {
            "securitySchemes": {"oauth2": _security_scheme(routes)},
            "schemas": {"Problem": PROBLEM, **_schemas(collections)},
        },
    }


def _security_scheme(routes: Sequence[Route]) -> dict[str, Any]:
    verbs = {"read": "Read {}", "write": "Create, change and delete {}"}
    scopes = {route.scope: verbs[route.operation.verb].format(route.collection.name) for route in routes}
    flow = {"tokenUrl": "https://id.example.com/token", "scopes": scopes}
    return {"type": "oauth2", "description": "The stack's identity provider.", "flows": {"clientCredentials": flow}}


def _schemas(collections: Sequence[Collection]) -> dict[str, Any]:
    found = model_schemas(collections)
    for each in collections:
        found[f"Stored{each.model.__name__}"] = _stored_schema(each)
        found[f"{each.model.__name__}Patch"] = _patch_schema(each)
    return found


def _patch_schema(collection: Collection) -> dict[str, Any]:
    """A merge patch of the model (RFC 7396): any of its fields; null puts a field's default back."""
    written = model_schemas([collection])[collection.model.__name__]
    required = written.get("required", [])
    properties = {
        name: schema if name in required else {"anyOf": [schema, {"type": "null"}]}
        for name, schema in written["properties"].items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _stored_schema(collection: Collection) -> dict[str, Any]:
    """What the API answers with: what the client wrote, and what the API adds."""
    written = model_schemas([collection])[collection.model.__name__]
    properties = {**SERVER_FIELDS, **written["properties"]}
    return {"type": "object", "required": list(properties), "properties": properties}


def _operation(route: Route) -> dict[str, Any]:
    operation, collection = route.operation, route.collection
    article = "an" if collection.singular[0] in "aeiou" else "a"
    summary = SUMMARIES[operation.name].format(plural=collection.name, singular=collection.singular, article=article)
    described: dict[str, Any] = {
        "operationId": route.name,
        "summary": summary,
        "tags": [collection.name],
        "security": [{"oauth2": [route.scope]}],
        "parameters": parameters(route),
        "responses": {str(int(operation.status)): _success(route), **_not_modified(operation), **_problems(route)},
    }
    if operation.body != "none":
        described["requestBody"] = _request_body(route)
    return described


def _request_body(route: Route) -> dict[str, Any]:
    collection = route.collection
    if route.operation.body == "patch":
        example = dict([next(iter(collection.example.items()))])
        schema = {"$ref": REFERENCE.format(name=f"{collection.model.__name__}Patch")}
        content = {MERGE_PATCH: {"schema": schema, "example": example}}
        return {"required": True, "content": content}
    new = route.operation.name == "create"
    schema = {"$ref": REFERENCE.format(name=body_schema_name(collection, new=new))}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": collection.example}}}


def _success(route: Route) -> dict[str, Any]:
    operation, collection = route.operation, route.collection
    if operation.status == HTTPStatus.NO_CONTENT:
        return {"description": operation.status.phrase}
    stored = {"$ref": f"#/components/schemas/Stored{collection.model.__name__}"}
    example = {"id": EXAMPLE_ID, **collection.example, "created_at": EXAMPLE_TIME, "updated_at": EXAMPLE_TIME}
    if operation.name == "list":
        schema = {
            "type": "object",
            "required": [collection.name, "next_cursor"],
            "properties": {
                collection.name: {"type": "array", "items": stored},
                "next_cursor": {"type": ["string", "null"]},
            },
        }
        content = {"schema": schema, "example": {collection.name: [example], "next_cursor": None}}
        return {"description": "A page.", "content": {"application/json": content}}
    headers: dict[str, Any] = {"ETag": {"description": "Names this state of the item.", "schema": {"type": "string"}}}
    if operation.status == HTTPStatus.CREATED:
        headers["Location"] = {"description": "Where the new item is, relative to this.", "schema": {"type": "string"}}
    content = {"schema": stored, "example": example}
    return {"description": operation.status.phrase, "headers": headers, "content": {"application/json": content}}


def _not_modified(operation: Operation) -> dict[str, Any]:
    return {"304": {"description": "The client has this state already."}} if operation.name == "read" else {}


def _problems(route: Route) -> dict[str, Any]:
    operation = route.operation
    found = {"400", "401", "403", "429", "500", "503", "504"}
    if operation.body != "none":
        found |= {"413", "415"}
    if operation.on_item:
        found |= {"404"}
    if operation.on_item and operation.verb == "write":
        found |= {"412"}
    if operation.name == "create":
        found |= {"409", "422"}
    content = {"application/problem+json": {"schema": {"$ref": REFERENCE.format(name="Problem")}}}
    return {status: {"description": HTTPStatus(int(status)).phrase, "content": content} for status in sorted(found)}
