"""API Gateway: REST APIs and their deployments."""

import json
from typing import Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen, is_same
from local.provider.openapi import EXTENSION, Import, clear
from local.provider.patches import removing, replacing
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_EXTENSIONS: Final = {
    "apiKeySource": "api-key-source",
    "binaryMediaTypes": "binary-media-types",
    "minimumCompressionSize": "minimum-compression-size",
    "endpointConfiguration": "endpoint-configuration",
    "policy": "policy",
}
"""The extensions of a body that concern the API as a whole, by the arguments that override them."""
_TLS: Final = {name: name for name in ("securityPolicy", "endpointAccessMode")}
_PATCHES: Final = _TLS | {
    name: name
    for name in (
        "name", "description", "apiKeySource", "minimumCompressionSize", "policy", "disableExecuteApiEndpoint",
    )
}  # fmt: skip
"""Patch paths: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateRestApi-Patch ."""


def _parse_body(given: Properties) -> Document:
    """Parse the OpenAPI document, and set the arguments that it contains and the program does not set."""
    if "body" not in given:
        return {}
    document = Properties(json.loads(given.pop("body")), "body")
    info = document.pop_object("info")
    info.pop("title")  # the argument `name` overrides it
    values = info.pop_many("version", "description")
    values |= {
        argument: document.pop(EXTENSION + extension)
        for argument, extension in _EXTENSIONS.items()
        if EXTENSION + extension in document
    }
    if isinstance(values.get("policy"), dict):
        values["policy"] = json.dumps(values["policy"])
    for argument, value in values.items():
        if argument not in given:
            given.set(argument, value)
    given.set("body", document)
    return {}


def _import_body(given: Properties) -> Step:
    """Create everything that the body describes. The emulator keeps a security policy only in an update."""
    document: Properties | None = given.pop("body")

    def apply(call: Call) -> Document:
        connection, api = call.connection, call.response["id"]
        if operations := replacing(Properties(call.parameters), _TLS):
            connection.client("apigateway").update_rest_api(restApiId=api, patchOperations=operations)
        if document is not None:
            Import(connection.client("apigateway"), api, document).run(_root(connection, api))
        return {}

    return apply


def _outputs(call: Call) -> Document:
    connection, api = call.connection, call.response["id"]
    return {
        "rootResourceId": _root(connection, api),
        "arn": connection.arn("apigateway", f"/restapis/{api}", account=False),
        "executionArn": connection.arn("execute-api", api),
    }


def _root(connection: Connection, api: str) -> str:
    pages = connection.client("apigateway").get_paginator("get_resources").paginate(restApiId=api, limit=500)
    return next(resource["id"] for page in pages for resource in page["items"] if resource["path"] == "/")


def _update(connection: Connection, state: State, given: Properties) -> None:
    """Set the API's properties, and import its body again if it has changed.

    Importing replaces everything in the API. Clients notice nothing before the next deployment.
    """
    client, body = connection.client("apigateway"), given.pop("body")
    if body is not None:
        given.set("body", body)
    _parse_body(given)
    operations = [*removing(_PATCHES, state.inputs, given), *replacing(given, _PATCHES)]
    client.update_rest_api(restApiId=state.id, patchOperations=operations)
    if not is_same(body, state.inputs.get("body")):
        clear(client, state.id)
        if body is not None:
            Import(client, state.id, given.pop("body")).run(_root(connection, state.id))


def _read(connection: Connection, state: State) -> Live:
    """Describe an API without its body, as the real provider does: changes within the API are not noticed."""
    found = connection.client("apigateway").get_rest_api(restApiId=state.id)
    inputs = chosen(found, *_PATCHES, "binaryMediaTypes", "tags")
    inputs["endpointConfiguration"] = {"types": found["endpointConfiguration"]["types"][0]}
    return Live(inputs=inputs)


def _read_deployment(connection: Connection, state: State) -> Live:
    api = state.outputs["restApi"]
    found = connection.client("apigateway").get_deployment(restApiId=api, deploymentId=state.id)
    return Live(inputs={"restApi": api, **chosen(found, "description")})


def _update_deployment(connection: Connection, state: State, given: Properties) -> None:
    connection.client("apigateway").update_deployment(
        restApiId=state.outputs["restApi"],
        deploymentId=state.id,
        patchOperations=[{"op": "replace", "path": "/description", "value": given.pop("description", "")}],
    )


def _delete_deployment(connection: Connection, state: State) -> None:
    api = state.outputs["restApi"]
    connection.client("apigateway").delete_deployment(restApiId=api, deploymentId=state.id)


TYPES: Final = {
    "aws:apigateway/restApi:RestApi": ResourceType(
        service="apigateway",
        operation="CreateRestApi",
        name_property="name",
        convert=_parse_body,
        configure=_import_body,
        computed=_outputs,
        id="id",
        ignored=("failOnWarnings",),  # an import always fails on warnings
        updates=(Update(inputs=("body", *_PATCHES), apply=_update), tags("apigateway")),
        read=_read,
        delete=lambda connection, state: connection.client("apigateway").delete_rest_api(restApiId=state.id),
    ),
    "aws:apigateway/deployment:Deployment": ResourceType(
        service="apigateway",
        operation="CreateDeployment",
        renames={"restApiId": "restApi"},
        id="id",
        ignored=("triggers",),
        replaces=("restApi", "triggers"),
        updates=(Update(inputs=("description",), apply=_update_deployment),),
        read=_read_deployment,
        delete=_delete_deployment,
    ),
}
