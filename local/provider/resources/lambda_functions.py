"""Lambda: functions, permissions and aliases."""

from pathlib import Path
from typing import Final

import pulumi

from local.provider.connection import Connection
from local.provider.properties import Properties
from local.provider.resource_type import Call, Document, ResourceType

_LATEST: Final = "$LATEST"


def _zip_file(given: Properties) -> Document:
    code = given.pop("code")
    if not isinstance(code, pulumi.FileArchive):
        raise NotImplementedError(f"code: {type(code).__name__} is not supported locally; must be a zip file")
    return {"Code": {"ZipFile": Path(code.path).read_bytes()}}


def _function_outputs(call: Call) -> Document:
    """Return a function's version and ARNs.

    The function need not be active: the emulator also runs functions in the state "Pending".
    """
    arn, version = call.response["FunctionArn"], call.response.get("Version", _LATEST)
    arn = arn.removesuffix(f":{version}")  # the ARN of a published version contains the version
    return {
        "arn": arn,
        "version": version,
        "qualifiedArn": f"{arn}:{version}",
        "invokeArn": _invoke_arn(call.connection, arn),
        "qualifiedInvokeArn": _invoke_arn(call.connection, f"{arn}:{version}"),
    }


def _alias_outputs(call: Call) -> Document:
    arn = call.response["AliasArn"]
    return {"arn": arn, "invokeArn": _invoke_arn(call.connection, arn)}


def _invoke_arn(connection: Connection, arn: str) -> str:
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
        computed=_function_outputs,
        id="FunctionName",
        ignored=("sourceCodeHash", "skipDestroy"),
    ),
    "aws:lambda/permission:Permission": ResourceType(
        service="lambda",
        operation="AddPermission",
        renames={"FunctionName": "function"},
        name_property="statementId",
        id="StatementId",
    ),
    "aws:lambda/alias:Alias": ResourceType(
        service="lambda", operation="CreateAlias", name_property="name", computed=_alias_outputs, id="AliasArn"
    ),
}
