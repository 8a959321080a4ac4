"""API Gateway: HTTP APIs, their deployments and stages."""

import json
from typing import Final, cast

from local.provider.connection import Connection
from local.provider.http_openapi import HttpImport, capitalized, clear
from local.provider.live import Live, chosen, in_camel_case, is_same
from local.provider.parameters import parameters
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_SERVICE: Final = "apigatewayv2"
_API: Final = ("name", "description", "version", "corsConfiguration", "disableExecuteApiEndpoint")
_STAGE: Final = (
    "deploymentId", "description", "stageVariables", "accessLogSettings", "defaultRouteSettings", "routeSettings",
)  # fmt: skip
_STAGE_RENAMES: Final = {"StageName": "name"}


def _parse_body(given: Properties) -> Document:
    """Parse the OpenAPI document, whose title, description, version and servers the API's arguments override."""
    if given.pop("protocolType", "HTTP") != "HTTP":
        raise NotImplementedError("only APIs with the protocolType HTTP are supported locally")
    if "body" in given:
        document = Properties(json.loads(given.pop("body")), "body")
        document.pop_object("info").pop_many("title", "description", "version")
        document.pop("servers")
        given.set("body", document)
    return {"ProtocolType": "HTTP"}


def _import_body(given: Properties) -> Step:
    """Create everything that the body describes."""
    document: Properties | None = given.pop("body")

    def apply(call: Call) -> Document:
        if document is not None:
            HttpImport(call.connection.client(_SERVICE), call.response["ApiId"], document).run()
        return {}

    return apply


def _api_outputs(call: Call) -> Document:
    connection, api = call.connection, call.response["ApiId"]
    return {
        "apiEndpoint": call.response["ApiEndpoint"],
        "arn": connection.arn("apigateway", f"/apis/{api}", account=False),
        "executionArn": connection.arn("execute-api", api),
    }


def _update_api(connection: Connection, state: State, given: Properties) -> None:
    """Set the API's properties, and import its body again if it has changed.

    Importing replaces everything in the API. Clients notice nothing before the next deployment.
    """
    client, body = connection.client(_SERVICE), given.pop("body")
    if "corsConfiguration" in state.inputs and "corsConfiguration" not in given:
        client.delete_cors_configuration(ApiId=state.id)
    shape = connection.input_shape(_SERVICE, "UpdateApi")
    client.update_api(ApiId=state.id, **parameters(shape, given))
    if not is_same(body, state.inputs.get("body")):
        clear(client, state.id)
        if body is not None:
            replacement = Properties({"body": body})
            _parse_body(replacement)
            HttpImport(client, state.id, replacement.pop("body")).run()


def _read_api(connection: Connection, state: State) -> Live:
    """Describe an API without its body, as the real provider does: changes within the API are not noticed."""
    found = connection.client(_SERVICE).get_api(ApiId=state.id)
    return Live(inputs=chosen(found, "protocolType", "tags", *_API))


def _read_deployment(connection: Connection, state: State) -> Live:
    api = state.outputs["apiId"]
    found = connection.client(_SERVICE).get_deployment(ApiId=api, DeploymentId=state.id)
    return Live(inputs={"apiId": api, **chosen(found, "description")})


def _delete_deployment(connection: Connection, state: State) -> None:
    connection.client(_SERVICE).delete_deployment(ApiId=state.outputs["apiId"], DeploymentId=state.id)


def _route_settings(given: Properties) -> Document:
    """Set the settings of routes by route key, which Pulumi has as a list."""
    routes = cast("list[Document]", given.pop("routeSettings") or [])
    given.set("routeSettings", {route.pop("routeKey"): capitalized(route) for route in map(dict, routes)})
    return {}


def _stage_target(state: State) -> dict[str, str]:
    return {"ApiId": state.outputs["apiId"], "StageName": state.id}


def _stage_outputs(call: Call) -> Document:
    """Return a stage's ARNs and its URL, which is the emulator's."""
    connection, api, stage = call.connection, call.parameters["ApiId"], call.parameters["StageName"]
    return {
        "arn": connection.arn("apigateway", f"/apis/{api}/stages/{stage}", account=False),
        "executionArn": connection.arn("execute-api", f"{api}/{stage}"),
        "invokeUrl": f"{connection.endpoint}/_aws/execute-api/{api}/{stage}",
    }


def _update_stage(connection: Connection, state: State, given: Properties) -> None:
    _route_settings(given)
    given.pop("name")
    empty: Document = {"description": "", "stageVariables": {}, "defaultRouteSettings": {}}
    for name, value in empty.items():
        if name not in given and name in state.inputs:
            given.set(name, value)
    shape = connection.input_shape(_SERVICE, "UpdateStage")
    connection.client(_SERVICE).update_stage(**parameters(shape, given) | _stage_target(state))


def _read_stage(connection: Connection, state: State) -> Live:
    found = connection.client(_SERVICE).get_stage(**_stage_target(state))
    inputs = chosen(found, "tags", *(name for name in _STAGE if name != "routeSettings"))
    routes = [{"routeKey": key, **in_camel_case(value)} for key, value in found.get("RouteSettings", {}).items()]
    return Live(inputs=inputs | {"apiId": state.outputs["apiId"], "name": state.id, "routeSettings": routes})


TYPES: Final = {
    "aws:apigatewayv2/api:Api": ResourceType(
        service=_SERVICE,
        operation="CreateApi",
        name_property="name",
        convert=_parse_body,
        configure=_import_body,
        computed=_api_outputs,
        id="ApiId",
        replaces=("protocolType",),
        ignored=("failOnWarnings",),  # an import always fails on warnings
        updates=(Update(inputs=("body", *_API), apply=_update_api), tags(_SERVICE)),
        read=_read_api,
        delete=lambda connection, state: connection.client(_SERVICE).delete_api(ApiId=state.id),
    ),
    "aws:apigatewayv2/deployment:Deployment": ResourceType(
        service=_SERVICE,
        operation="CreateDeployment",
        id="DeploymentId",
        ignored=("triggers",),
        replaces=("apiId", "triggers"),
        read=_read_deployment,
        delete=_delete_deployment,
    ),
    "aws:apigatewayv2/stage:Stage": ResourceType(
        service=_SERVICE,
        operation="CreateStage",
        renames=_STAGE_RENAMES,
        convert=_route_settings,
        computed=_stage_outputs,
        id="StageName",
        replaces=("apiId", "name"),
        updates=(Update(inputs=_STAGE, apply=_update_stage), tags(_SERVICE)),
        read=_read_stage,
        delete=lambda connection, state: connection.client(_SERVICE).delete_stage(**_stage_target(state)),
    ),
}
