"""Lambda: versions of layers."""

from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType
from local.provider.resources.lambda_functions import code_differs, read_zip
from local.provider.state import Document, State

_INPUTS: Final = ("description", "compatibleArchitectures", "compatibleRuntimes")


def _content(given: Properties) -> Document:
    return {"Content": {"ZipFile": read_zip(given.pop("code"))}} if "code" in given else {}


def _outputs(call: Call) -> Document:
    content = call.response["Content"]
    return {"sourceCodeHash": content["CodeSha256"], "version": str(call.response["Version"])}


def _version_of(state: State) -> dict[str, Any]:
    """Return the layer and the version in the ARN of a layer's version."""
    name, _, version = state.id.rpartition("layer:")[2].partition(":")
    return {"LayerName": name, "VersionNumber": int(version)}


def _read(connection: Connection, state: State) -> Live:
    target = _version_of(state)
    found = connection.client("lambda").get_layer_version(**target)
    inputs = {"layerName": target["LayerName"], **chosen(found, *_INPUTS)}
    return Live(inputs=inputs, outputs={"sourceCodeHash": found["Content"]["CodeSha256"]})


def _delete(connection: Connection, state: State) -> None:
    connection.client("lambda").delete_layer_version(**_version_of(state))


TYPES: Final = {
    "aws:lambda/layerVersion:LayerVersion": ResourceType(
        service="lambda",
        operation="PublishLayerVersion",
        convert=_content,
        computed=_outputs,
        outputs={"arn": "LayerVersionArn", "layerArn": "LayerArn"},
        id="LayerVersionArn",
        replaces=("code", "layerName", *_INPUTS),
        differs={"code": code_differs},
        read=_read,
        delete=_delete,
    ),
}
