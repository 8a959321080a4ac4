"""Lambda: functions and permissions."""

import base64
import json
from pathlib import Path
from typing import Any, Final

import pulumi

from local.engine.assets import AssetArchive, FileArchive
from local.provider.connection import Connection
from local.provider.live import Live, chosen
from local.provider.parameters import parameters
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_LATEST: Final = "$LATEST"
_CONFIGURATION: Final = (
    "description", "environment", "handler", "layers", "loggingConfig", "memorySize", "role", "runtime", "snapStart",
    "timeout", "tracingConfig",
)  # fmt: skip
"""Inputs that UpdateFunctionConfiguration changes."""
_UNSET: Final[Document] = {
    "description": "", "environment": {"variables": {}}, "layers": [], "snapStart": {"applyOn": "None"},
    "tracingConfig": {"mode": "PassThrough"},
}  # fmt: skip
"""What removes an input from a function. A missing parameter would leave the old value."""


def read_zip(code: Any) -> bytes:
    """Return the content of code, which must be a zip file. Raises NotImplementedError for another kind."""
    if not isinstance(code, pulumi.FileArchive):
        raise NotImplementedError(f"code: {type(code).__name__} is not supported locally; must be a zip file")
    return Path(code.path).read_bytes()


def _zip_file(given: Properties) -> Document:
    return {"Code": {"ZipFile": read_zip(given.pop("code"))}} if "code" in given else {}


def code_differs(state: State, code: Any) -> bool:
    """Compare code by its content, as the real provider does: the path of a bundle may change without it."""
    if not isinstance(code, FileArchive | AssetArchive):  # unknown
        return True
    try:
        digest = bytes.fromhex(code.content_hash)  # the Pulumi CLI sends only the hash
    except FileNotFoundError:  # not built in a preview
        return True
    return state.outputs.get("sourceCodeHash") != base64.b64encode(digest).decode()


def _update_code(connection: Connection, state: State, given: Properties) -> Document:
    response = connection.client("lambda").update_function_code(
        FunctionName=state.id,
        ZipFile=read_zip(given.pop("code")),
        Architectures=given.pop("architectures", ["x86_64"]),
    )
    return {"sourceCodeHash": response["CodeSha256"]}


def _update_configuration(connection: Connection, state: State, given: Properties) -> None:
    removed = {name: unset for name, unset in _UNSET.items() if name in state.inputs and name not in given}
    values = Properties(given.pop_many(*_CONFIGURATION) | removed)
    shape = connection.input_shape("lambda", "UpdateFunctionConfiguration")
    connection.client("lambda").update_function_configuration(FunctionName=state.id, **parameters(shape, values))


def _reserve(given: Properties) -> Step:
    """Return the step that reserves concurrency for a new function."""
    reserved = given.pop("reservedConcurrentExecutions")

    def step(call: Call) -> Document:
        if reserved is not None:
            _put_concurrency(call.connection, call.parameters["FunctionName"], reserved)
        return {}

    return step


def _update_concurrency(connection: Connection, state: State, given: Properties) -> None:
    reserved = given.pop("reservedConcurrentExecutions")
    if reserved is None:
        connection.client("lambda").delete_function_concurrency(FunctionName=state.id)
    else:
        _put_concurrency(connection, state.id, reserved)


def _put_concurrency(connection: Connection, function: str, reserved: float) -> None:
    connection.client("lambda").put_function_concurrency(
        FunctionName=function, ReservedConcurrentExecutions=int(reserved)
    )


def _publish(connection: Connection, state: State, given: Properties) -> Document:
    """Publish a version of the changed function, if the program asks for versions."""
    version = _LATEST
    if given.pop("publish"):
        version = connection.client("lambda").publish_version(FunctionName=state.id)["Version"]
    return _version_outputs(connection, state.outputs["arn"], version)


def _function_outputs(call: Call) -> Document:
    """Return a function's version and ARNs.

    The function need not be active: the emulator also runs functions in the state "Pending".
    """
    arn, version = call.response["FunctionArn"], call.response.get("Version", _LATEST)
    arn = arn.removesuffix(f":{version}")  # the ARN of a published version contains the version
    return {
        "arn": arn,
        "sourceCodeHash": call.response["CodeSha256"],
        "invokeArn": invoke_arn(call.connection, arn),
        **_version_outputs(call.connection, arn, version),
    }


def _version_outputs(connection: Connection, arn: str, version: str) -> Document:
    return {
        "version": version,
        "qualifiedArn": f"{arn}:{version}",
        "qualifiedInvokeArn": invoke_arn(connection, f"{arn}:{version}"),
    }


def _read_function(connection: Connection, state: State) -> Live:
    found = connection.client("lambda").get_function(FunctionName=state.id)
    described = found["Configuration"]
    inputs = chosen(described, *_CONFIGURATION, "architectures")
    inputs["layers"] = [layer["Arn"] for layer in described.get("Layers", ())]
    inputs["snapStart"] = _unless(described.get("SnapStart"), "ApplyOn", "None")
    inputs["tracingConfig"] = _unless(described.get("TracingConfig"), "Mode", "PassThrough")
    inputs["reservedConcurrentExecutions"] = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    if variables := described.get("Environment", {}).get("Variables"):
        inputs["environment"] = {"variables": variables}  # names of variables are not in camelCase
    else:
        inputs["environment"] = None
    return Live(
        inputs={**inputs, "name": state.id, "tags": found.get("Tags")},
        outputs={"sourceCodeHash": described["CodeSha256"], "arn": described["FunctionArn"]},
    )


def _unless(described: dict[str, str] | None, name: str, default: str) -> Document | None:
    """Return a description of one setting in Pulumi's terms; None if it has its default."""
    value = (described or {}).get(name, default)
    return None if value == default else {name[:1].lower() + name[1:]: value}


def _read_permission(connection: Connection, state: State) -> Live | None:
    function, qualifier = _function_of(state)
    policy = connection.client("lambda").get_policy(FunctionName=function, **qualifier)["Policy"]
    for statement in json.loads(policy)["Statement"]:
        if statement["Sid"] == state.id:
            principal, condition = statement["Principal"], statement.get("Condition", {})
            inputs = {
                "statementId": state.id,
                "action": statement["Action"],
                "principal": principal if isinstance(principal, str) else principal.get("Service"),
                "sourceArn": condition.get("ArnLike", {}).get("AWS:SourceArn"),
            }
            return Live(inputs=inputs)
    return None


def _remove_permission(connection: Connection, state: State) -> None:
    function, qualifier = _function_of(state)
    connection.client("lambda").remove_permission(FunctionName=function, StatementId=state.id, **qualifier)


def _function_of(state: State) -> tuple[str, dict[str, str]]:
    """Return the function of a permission, and the version or alias to which the permission is limited."""
    qualifier = state.outputs.get("qualifier")
    return state.outputs["function"], {"Qualifier": qualifier} if qualifier else {}


def invoke_arn(connection: Connection, arn: str) -> str:
    """Return the ARN with which API Gateway invokes a function, a version or an alias."""
    path = f"path/2015-03-31/functions/{arn}/invocations"
    return f"arn:aws:apigateway:{connection.region}:lambda:{path}"


TYPES: Final = {
    "aws:lambda/function:Function": ResourceType(
        service="lambda",
        operation="CreateFunction",
        renames={"FunctionName": "name"},
        name_property="name",
        convert=_zip_file,
        configure=_reserve,
        computed=_function_outputs,
        id="FunctionName",
        replaces=("name", "packageType"),
        updates=(
            Update(inputs=_CONFIGURATION, apply=_update_configuration),
            Update(inputs=("code", "architectures"), apply=_update_code),
            Update(inputs=("reservedConcurrentExecutions",), apply=_update_concurrency),
            Update(inputs=(*_CONFIGURATION, "code", "architectures", "publish"), apply=_publish),
            tags("lambda"),
        ),
        differs={"code": code_differs},
        read=_read_function,
        delete=lambda connection, state: connection.client("lambda").delete_function(FunctionName=state.id),
    ),
    "aws:lambda/permission:Permission": ResourceType(
        service="lambda",
        operation="AddPermission",
        renames={"FunctionName": "function"},
        name_property="statementId",
        id="StatementId",
        replaces=("action", "function", "principal", "qualifier", "sourceAccount", "sourceArn", "statementId"),
        read=_read_permission,
        delete=_remove_permission,
    ),
}
