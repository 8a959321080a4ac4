"""Lambda functions and what belongs to them."""

from typing import Final

from local.provider.archives import zipped
from local.provider.connection import Connection
from local.provider.properties import Properties
from local.provider.spec import Call, Document, Step

_LATEST: Final = "$LATEST"


def function_parameters(given: Properties) -> Document:
    """The function's code, as a zip file."""
    return {"Code": {"ZipFile": zipped(given.take("code"))}} if "code" in given else {}


def function_concurrency(given: Properties) -> Step:
    """A function's share of the account's concurrency, which it gets after it was made."""
    reserved = int(given.take("reservedConcurrentExecutions", -1))

    def apply(call: Call) -> Document:
        if reserved >= 0:  # -1 means that none is reserved
            client, name = call.connection.client("lambda"), call.response["FunctionName"]
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
        return {}

    return apply


def function_outputs(call: Call) -> Document:
    """A function's ARNs.

    The emulator runs a function that is still "Pending", so nothing waits half a second for each one here.
    """
    arn, version = call.response["FunctionArn"], call.response.get("Version", _LATEST)
    arn = arn.removesuffix(f":{version}")  # a published version's response names it in the ARN
    return {
        "arn": arn,
        "version": version,
        "qualifiedArn": f"{arn}:{version}",
        "invokeArn": _invoke_arn(call.connection, arn),
        "qualifiedInvokeArn": _invoke_arn(call.connection, f"{arn}:{version}"),
    }


def alias_outputs(call: Call) -> Document:
    """The alias's ARNs."""
    arn = call.response["AliasArn"]
    return {"arn": arn, "invokeArn": _invoke_arn(call.connection, arn)}


def _invoke_arn(connection: Connection, arn: str) -> str:
    """What API Gateway calls: an action of Lambda's API on a function, a version or an alias."""
    path = f"path/2015-03-31/functions/{arn}/invocations"
    return f"arn:aws:apigateway:{connection.region}:lambda:{path}"
