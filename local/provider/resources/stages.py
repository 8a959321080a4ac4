"""API Gateway: the stages of an API, the settings of their methods, and the account's role for logs."""

from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen
from local.provider.patches import Patch, removing, replacing, replacing_map
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_STAGE: Final = {
    "deployment": "deploymentId",
    "description": "description",
    "xrayTracingEnabled": "tracingEnabled",
    "cacheClusterEnabled": "cacheClusterEnabled",
    "cacheClusterSize": "cacheClusterSize",
}
_ACCESS_LOG: Final = {"destinationArn": "destinationArn", "format": "format"}
_METHOD_SETTINGS: Final = {
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
    "cachingEnabled": "caching/enabled",
    "cacheTtlInSeconds": "caching/ttlInSeconds",
    "cacheDataEncrypted": "caching/dataEncrypted",
    "requireAuthorizationForCacheControl": "caching/requireAuthorizationForCacheControl",
    "unauthorizedCacheControlHeaderStrategy": "caching/unauthorizedCacheControlHeaderStrategy",
}
"""Patch paths: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch ."""


def _stage_of(values: Document) -> dict[str, str]:
    return {"restApiId": values.get("restApi") or values["restApiId"], "stageName": values["stageName"]}


def _log_patches(given: Properties) -> list[Patch]:
    return replacing(given.pop_object("accessLogSettings"), _ACCESS_LOG, "/accessLogSettings")


def _configure_stage(given: Properties) -> Step:
    """Set access logs."""
    operations = _log_patches(given)

    def apply(call: Call) -> Document:
        if operations:
            client = call.connection.client("apigateway")
            client.update_stage(**_stage_of(call.parameters), patchOperations=operations)
        return {}

    return apply


def _stage_outputs(call: Call) -> Document:
    """Return a stage's ARNs and its URL, which is the emulator's."""
    connection, api, stage = call.connection, call.parameters["restApiId"], call.parameters["stageName"]
    return {
        "id": f"ags-{api}-{stage}",
        "arn": connection.arn("apigateway", f"/restapis/{api}/stages/{stage}", account=False),
        "executionArn": connection.arn("execute-api", f"{api}/{stage}"),
        "invokeUrl": f"{connection.endpoint}/_aws/execute-api/{api}/{stage}",
    }


def _update_stage(connection: Connection, state: State, given: Properties) -> None:
    logs = {"accessLogSettings": "accessLogSettings"}
    operations = [
        *replacing_map("/variables", state.inputs.get("variables") or {}, given.pop("variables") or {}),
        *removing(_STAGE | logs, state.inputs, given),
        *_log_patches(given),
        *replacing(given, _STAGE),
    ]
    connection.client("apigateway").update_stage(**_stage_of(state.outputs), patchOperations=operations)


def _get_stage(connection: Connection, state: State) -> dict[str, Any]:
    return connection.client("apigateway").get_stage(**_stage_of(state.outputs))


def _read_stage(connection: Connection, state: State) -> Live:
    found = _get_stage(connection, state)
    inputs = chosen(found, "stageName", "description", "variables", "accessLogSettings", "tags")
    if found.get("cacheClusterEnabled"):
        inputs |= chosen(found, "cacheClusterEnabled", "cacheClusterSize")
    inputs |= {"restApi": state.outputs["restApi"], "deployment": found["deploymentId"]}
    return Live(inputs=inputs | {"xrayTracingEnabled": found.get("tracingEnabled", False)})


def _delete_stage(connection: Connection, state: State) -> None:
    connection.client("apigateway").delete_stage(**_stage_of(state.outputs))


def _method_setting_patches(given: Properties) -> Document:
    """Set the settings of all methods (`*/*`) or of one (`~1items~1{id}/GET`)."""
    path = given.pop("methodPath")
    return {"patchOperations": replacing(given.pop_object("settings"), _METHOD_SETTINGS, f"/{path}")}


def _update_method_settings(connection: Connection, state: State, given: Properties) -> None:
    path, new = given.pop("methodPath"), given.pop_object("settings")
    paths = {name: f"{path}/{each}" for name, each in _METHOD_SETTINGS.items()}
    operations = [*removing(paths, state.inputs["settings"], new), *replacing(new, paths)]
    connection.client("apigateway").update_stage(**_stage_of(state.outputs), patchOperations=operations)


def _read_method_settings(connection: Connection, state: State) -> Live | None:
    path = state.outputs["methodPath"]
    known = _get_stage(connection, state).get("methodSettings", {})
    found = known.get(path) or known.get(path.replace("~1", "/"))  # AWS returns escaped paths, the emulator others
    if found is None:
        return None
    settings = {name: value for name, value in found.items() if name in state.inputs.get("settings", {})}
    return Live(inputs={**_stage_of(state.outputs), "methodPath": path, "settings": settings})


def _delete_method_settings(connection: Connection, state: State) -> None:
    operation = {"op": "remove", "path": f"/{state.outputs['methodPath']}"}
    connection.client("apigateway").update_stage(**_stage_of(state.outputs), patchOperations=[operation])


def _account_patches(given: Properties) -> Document:
    """Set the role with which API Gateway writes logs, one per account and region."""
    return {"patchOperations": replacing(given, {"cloudwatchRoleArn": "cloudwatchRoleArn"})}


def _read_account(connection: Connection, _: State) -> Live:
    """Return the account's settings. Like the real provider, return an empty role if none is set."""
    found = connection.client("apigateway").get_account().get("cloudwatchRoleArn") or ""
    return Live(inputs={"cloudwatchRoleArn": found}, outputs={"cloudwatchRoleArn": found})


TYPES: Final = {
    "aws:apigateway/stage:Stage": ResourceType(
        service="apigateway",
        operation="CreateStage",
        renames={"restApiId": "restApi", "deploymentId": "deployment", "tracingEnabled": "xrayTracingEnabled"},
        configure=_configure_stage,
        computed=_stage_outputs,
        id="stageName",
        replaces=("restApi", "stageName"),
        updates=(Update(inputs=(*_STAGE, "variables", "accessLogSettings"), apply=_update_stage), tags("apigateway")),
        read=_read_stage,
        delete=_delete_stage,
    ),
    "aws:apigateway/methodSettings:MethodSettings": ResourceType(
        service="apigateway",
        operation="UpdateStage",
        renames={"restApiId": "restApi"},
        convert=_method_setting_patches,
        id="stageName",
        replaces=("restApi", "stageName", "methodPath"),
        updates=(Update(inputs=("settings",), apply=_update_method_settings),),
        read=_read_method_settings,
        delete=_delete_method_settings,
    ),
    "aws:apigateway/account:Account": ResourceType(
        service="apigateway",
        operation="UpdateAccount",
        convert=_account_patches,
        computed=lambda _: {"id": "api-gateway-account"},
        id="cloudwatchRoleArn",
        overwrites=True,
        read=_read_account,
        delete=lambda _connection, _state: None,  # the setting cannot be deleted; the real provider leaves it too
    ),
}
