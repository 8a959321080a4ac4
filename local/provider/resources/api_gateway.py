"""API Gateway: REST APIs, deployments, stages, usage plans and API keys. Some settings can only be set by patches."""

import json
from typing import Final

from local.provider.connection import Connection
from local.provider.openapi import EXTENSION, Import
from local.provider.parameters import as_text
from local.provider.properties import Properties
from local.provider.resource_type import Call, Document, ResourceType, Step

_EXTENSIONS: Final = {
    "apiKeySource": "api-key-source",
    "binaryMediaTypes": "binary-media-types",
    "minimumCompressionSize": "minimum-compression-size",
    "endpointConfiguration": "endpoint-configuration",
    "policy": "policy",
}
"""The extensions of a body that concern the API as a whole, by the arguments that override them."""
_METHOD_SETTINGS: Final = {
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}
"""Patch paths: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch ."""


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
    """Create everything that the body describes."""
    document: Properties | None = given.pop("body")

    def apply(call: Call) -> Document:
        connection, api = call.connection, call.response["id"]
        client = connection.client("apigateway")
        root = client.get_resources(restApiId=api)["items"][0]["id"]
        if document is not None:
            Import(client, api, document).run(root)
        return {
            "rootResourceId": root,
            "arn": connection.arn("apigateway", f"/restapis/{api}", account=False),
            "executionArn": connection.arn("execute-api", api),
        }

    return apply


def _patches(prefix: str, given: Properties, paths: dict[str, str]) -> list[dict[str, str]]:
    """Return operations that set each given property at its path; the value of a patch is always text."""
    return [
        {"op": "replace", "path": f"{prefix}/{path}", "value": as_text(given.pop(name))}
        for name, path in paths.items()
        if name in given
    ]


def _configure_stage(given: Properties) -> Step:
    """Set access logs."""
    logs = given.pop_object("accessLogSettings")
    operations = _patches("/accessLogSettings", logs, {"destinationArn": "destinationArn", "format": "format"})

    def apply(call: Call) -> Document:
        if operations:
            stage = {name: call.parameters[name] for name in ("restApiId", "stageName")}
            call.connection.client("apigateway").update_stage(**stage, patchOperations=operations)
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


def _method_setting_patches(given: Properties) -> Document:
    """Set the settings of all methods (`*/*`) or of one (`items~1{id}/GET`)."""
    path = given.pop("methodPath")
    return {"patchOperations": _patches(f"/{path}", given.pop_object("settings"), _METHOD_SETTINGS)}


def _account_patches(given: Properties) -> Document:
    """Set the role with which API Gateway writes logs, one per account and region."""
    return {"patchOperations": _patches("", given, {"cloudwatchRoleArn": "cloudwatchRoleArn"})}


def _read_account(connection: Connection, _: str) -> Document:
    """Return the account's settings. Like the real provider, return an empty role if none is set."""
    return {"cloudwatchRoleArn": connection.client("apigateway").get_account().get("cloudwatchRoleArn") or ""}


def _enable_by_default(given: Properties) -> Document:
    return {"enabled": given.pop("enabled", True)}  # a key is disabled by default in the API, and enabled in Pulumi


TYPES: Final = {
    "aws:apigateway/restApi:RestApi": ResourceType(
        service="apigateway",
        operation="CreateRestApi",
        name_property="name",
        convert=_parse_body,
        configure=_import_body,
        id="id",
        ignored=("failOnWarnings",),  # an import always fails on warnings
    ),
    "aws:apigateway/deployment:Deployment": ResourceType(
        service="apigateway",
        operation="CreateDeployment",
        renames={"restApiId": "restApi"},
        id="id",
        ignored=("triggers",),
    ),
    "aws:apigateway/stage:Stage": ResourceType(
        service="apigateway",
        operation="CreateStage",
        renames={"restApiId": "restApi", "deploymentId": "deployment", "tracingEnabled": "xrayTracingEnabled"},
        configure=_configure_stage,
        computed=_stage_outputs,
        id="stageName",
    ),
    "aws:apigateway/methodSettings:MethodSettings": ResourceType(
        service="apigateway",
        operation="UpdateStage",
        renames={"restApiId": "restApi"},
        convert=_method_setting_patches,
        id="stageName",
    ),
    "aws:apigateway/account:Account": ResourceType(
        service="apigateway",
        operation="UpdateAccount",
        convert=_account_patches,
        computed=lambda _: {"id": "api-gateway-account"},
        id="cloudwatchRoleArn",
        ignored=("resetOnDelete",),
        read=_read_account,
    ),
    "aws:apigateway/apiKey:ApiKey": ResourceType(
        service="apigateway",
        operation="CreateApiKey",
        name_property="name",
        convert=_enable_by_default,
        id="id",
        outputs={"value": "value"},
    ),
    "aws:apigateway/usagePlan:UsagePlan": ResourceType(
        service="apigateway",
        operation="CreateUsagePlan",
        renames={"throttle": "throttleSettings", "quota": "quotaSettings"},
        name_property="name",
        id="id",
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": ResourceType(
        service="apigateway", operation="CreateUsagePlanKey", id="id", outputs={"name": "name", "value": "value"}
    ),
}
