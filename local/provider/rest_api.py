"""REST APIs, with a body (an OpenAPI document) or without."""

import json
from typing import Any, Final

from local.provider.connection import Connection
from local.provider.openapi import EXTENSION, Import
from local.provider.properties import Properties
from local.provider.shapes import parameters
from local.provider.spec import Document, generated_name

_EXTENSIONS: Final = {
    "apiKeySource": "api-key-source",
    "binaryMediaTypes": "binary-media-types",
    "minimumCompressionSize": "minimum-compression-size",
    "endpointConfiguration": "endpoint-configuration",
    "policy": "policy",
}
"""The body's extensions about the API as a whole, by the arguments that override them."""


class RestApi:
    """Makes resources of the type `aws:apigateway/restApi:RestApi`."""

    def make(self, connection: Connection, name: str, properties: Properties) -> tuple[str, Document]:
        """Make the API and everything that its body describes.

        Raises:
            DocumentError: The body cannot be made into calls.
            UnappliedError: An argument, or something in the body, would have been ignored.
        """
        outputs = generated_name("name", name, properties)
        properties.take("failOnWarnings")  # always: what an import would warn of raises
        properties.take("putRestApiMode")  # there is nothing to merge with
        body = properties.take("body")
        document = Properties(json.loads(body) if body else {}, "body")
        told = _told(document)
        told |= parameters(connection.input_shape("apigateway", "CreateRestApi"), properties)
        properties.require_all_taken()
        client = connection.client("apigateway")
        api = client.create_rest_api(**told)["id"]
        root = client.get_resources(restApiId=api)["items"][0]["id"]
        if body:
            Import(client, api, document).run(root)
        return api, outputs | {
            "rootResourceId": root,
            "arn": connection.arn("apigateway", f"/restapis/{api}", account=False),
            "executionArn": connection.arn("execute-api", api),
        }


def _told(document: Properties) -> dict[str, Any]:
    """What the body says about the API as a whole; its title gives way to the name, which is always an argument."""
    info = document.group("info")
    info.take("title")
    told = info.take_all("version", "description")
    for argument, extension in _EXTENSIONS.items():
        if EXTENSION + extension in document:
            told[argument] = document.take(EXTENSION + extension)
    if isinstance(told.get("policy"), dict):
        told["policy"] = json.dumps(told["policy"])
    return told
