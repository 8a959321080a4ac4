"""API Gateway's stages and settings: much of what Pulumi sets at once, the API takes as patches."""

from typing import Final

from local.provider.properties import Properties
from local.provider.shapes import as_text
from local.provider.spec import Call, Document, Step

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


def patches(prefix: str, given: Properties, paths: dict[str, str]) -> list[dict[str, str]]:
    """Operations that set each given property at its path; patches carry every value as text."""
    return [
        {"op": "replace", "path": f"{prefix}/{path}", "value": as_text(given.take(name))}
        for name, path in paths.items()
        if name in given
    ]


def stage_settings(given: Properties) -> Step:
    """Access logs and client certificate, which a stage gets after it was made."""
    operations = patches("", given, {"clientCertificateId": "clientCertificateId"})
    logs = given.group("accessLogSettings")
    operations += patches("/accessLogSettings", logs, {"destinationArn": "destinationArn", "format": "format"})

    def apply(call: Call) -> Document:
        if operations:
            stage = {name: call.parameters[name] for name in ("restApiId", "stageName")}
            call.connection.client("apigateway").update_stage(**stage, patchOperations=operations)
        return {}

    return apply


def stage_outputs(call: Call) -> Document:
    """A stage's ARNs and its address, which is the emulator's."""
    connection, api, stage = call.connection, call.parameters["restApiId"], call.parameters["stageName"]
    return {
        "id": f"ags-{api}-{stage}",
        "arn": connection.arn("apigateway", f"/restapis/{api}/stages/{stage}", account=False),
        "executionArn": connection.arn("execute-api", f"{api}/{stage}"),
        "invokeUrl": f"{connection.endpoint}/_aws/execute-api/{api}/{stage}",
    }


def method_setting_patches(given: Properties) -> Document:
    """Settings of the methods at a path: `*/*` is all of them, `items~1{id}/GET` one."""
    path = given.take("methodPath")
    return {"patchOperations": patches(f"/{path}", given.group("settings"), _METHOD_SETTINGS)}


def account_patches(given: Properties) -> Document:
    """The role with which API Gateway writes logs, one per account and region."""
    return {"patchOperations": patches("", given, {"cloudwatchRoleArn": "cloudwatchRoleArn"})}


def usage_plan_parameters(given: Properties) -> Document:
    """The stages of a plan; limits of single methods are a map in the API and a list in Pulumi."""
    stages: list[Document] = []
    for stage in given.groups("apiStages"):
        limits = {limit.take("path"): _limit(limit) for limit in stage.groups("throttles")}
        stages.append(
            {"apiId": stage.take("apiId"), "stage": stage.take("stage"), **({"throttle": limits} if limits else {})}
        )
    return {"apiStages": stages} if stages else {}


def _limit(given: Properties) -> Document:
    return {"burstLimit": int(given.take("burstLimit", 0)), "rateLimit": float(given.take("rateLimit", 0))}
