"""IAM: the OpenID Connect providers whose tokens roles may trust."""

from collections.abc import Mapping
from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live, tags_of
from local.provider.properties import Properties
from local.provider.resource_type import ResourceType
from local.provider.state import Document, State
from local.provider.tags import tags


def find_provider(connection: Connection, args: Mapping[str, Any]) -> Document:
    """Return the result of `aws.iam.get_open_id_connect_provider` with a URL.

    Raises:
        UnsupportedInputError: An argument is not supported.
        LookupError: There is no such provider.
    """
    arguments = Properties(args)
    host = str(arguments.pop("url")).removeprefix("https://")
    arguments.require_all_used()
    client = connection.client("iam")
    for each in client.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        if each["Arn"].endswith(f":oidc-provider/{host}"):
            found = client.get_open_id_connect_provider(OpenIDConnectProviderArn=each["Arn"])
            return {
                "id": each["Arn"],
                "arn": each["Arn"],
                "url": found["Url"].removeprefix("https://"),
                "clientIdLists": found["ClientIDList"],
                "thumbprintLists": found["ThumbprintList"],
                "tags": tags_of(found.get("Tags", ())),
            }
    raise LookupError(f"IAM has no OpenID Connect provider for {host}")


def _read(connection: Connection, state: State) -> Live:
    found = connection.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=state.id)
    return Live(
        inputs={
            "url": found["Url"],
            "clientIdLists": found["ClientIDList"],
            "tags": tags_of(found.get("Tags", ())),
        },
        outputs={"arn": state.id},
    )


TYPES: Final = {
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ResourceType(
        service="iam",
        operation="CreateOpenIDConnectProvider",
        renames={"ClientIDList": "clientIdLists"},
        id="OpenIDConnectProviderArn",
        outputs={"arn": "OpenIDConnectProviderArn"},
        replaces=("url", "clientIdLists"),  # AWS can change the client ids in place, the emulator cannot
        updates=(tags("iam", noun="OpenIDConnectProvider", resource=lambda state: state.id),),
        read=_read,
        delete=lambda connection, state: connection.client("iam").delete_open_id_connect_provider(
            OpenIDConnectProviderArn=state.id
        ),
    ),
}
