"""Lambda: aliases and their provisioned concurrency."""

from typing import Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Update
from local.provider.resources.lambda_functions import invoke_arn
from local.provider.state import Document, State


def _alias_outputs(call: Call) -> Document:
    arn = call.response["AliasArn"]
    return {"arn": arn, "invokeArn": invoke_arn(call.connection, arn)}


def _alias_target(state: State) -> dict[str, str]:
    return {"FunctionName": state.outputs["functionName"], "Name": state.outputs["name"]}


def _read_alias(connection: Connection, state: State) -> Live:
    found = connection.client("lambda").get_alias(**_alias_target(state))
    return Live(inputs=chosen(found, "name", "functionVersion", "description"))


def _update_alias(connection: Connection, state: State, given: Properties) -> None:
    version, description = given.pop("functionVersion"), given.pop("description", "")
    connection.client("lambda").update_alias(**_alias_target(state), FunctionVersion=version, Description=description)


def _provisioned_outputs(call: Call) -> Document:
    return {"id": f"{call.parameters['FunctionName']},{call.parameters['Qualifier']}"}


def _provisioned_target(state: State) -> dict[str, str]:
    function, _, qualifier = state.id.partition(",")
    return {"FunctionName": function, "Qualifier": qualifier}


def _read_provisioned(connection: Connection, state: State) -> Live:
    target = _provisioned_target(state)
    found = connection.client("lambda").get_provisioned_concurrency_config(**target)
    number = found["RequestedProvisionedConcurrentExecutions"]
    inputs = {"functionName": target["FunctionName"], "qualifier": target["Qualifier"]}
    return Live(inputs={**inputs, "provisionedConcurrentExecutions": number})


def _update_provisioned(connection: Connection, state: State, given: Properties) -> None:
    number = int(given.pop("provisionedConcurrentExecutions"))
    connection.client("lambda").put_provisioned_concurrency_config(
        **_provisioned_target(state), ProvisionedConcurrentExecutions=number
    )


def _delete_provisioned(connection: Connection, state: State) -> None:
    connection.client("lambda").delete_provisioned_concurrency_config(**_provisioned_target(state))


TYPES: Final = {
    "aws:lambda/alias:Alias": ResourceType(
        service="lambda",
        operation="CreateAlias",
        name_property="name",
        computed=_alias_outputs,
        id="AliasArn",
        replaces=("name", "functionName"),
        updates=(Update(inputs=("functionVersion", "description"), apply=_update_alias),),
        read=_read_alias,
        delete=lambda connection, state: connection.client("lambda").delete_alias(**_alias_target(state)),
    ),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": ResourceType(
        service="lambda",
        operation="PutProvisionedConcurrencyConfig",
        computed=_provisioned_outputs,
        id="Qualifier",
        replaces=("functionName", "qualifier"),
        updates=(Update(inputs=("provisionedConcurrentExecutions",), apply=_update_provisioned),),
        read=_read_provisioned,
        delete=_delete_provisioned,
    ),
}
