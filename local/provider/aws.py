"""The local counterpart of the pulumi-aws provider: it calls AWS services that answer at a local endpoint.

It only creates and reads resources: a local stack starts empty each time, so nothing is updated or deleted.
"""

from typing import Any

from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from local.provider.connection import Connection
from local.provider.lookups import look_up
from local.provider.properties import Properties
from local.provider.resources import RESOURCE_TYPES
from local.provider.resources.iam import find_roles


class UnsupportedTypeError(Exception):
    """The local provider does not support this type of resource."""

    def __init__(self) -> None:
        super().__init__("this type is not supported locally; local/provider/resources defines the supported types")


class ServiceError(Exception):
    """An AWS service rejected a call."""


class Provider:
    """Creates a program's resources at one endpoint. It ignores the caller's AWS configuration."""

    def __init__(self, endpoint: str, *, region: str = DEFAULT_REGION, account: str = DEFAULT_ACCOUNT) -> None:
        self.connection = Connection(endpoint.rstrip("/"), region, account)

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create a resource and return its id and the outputs that the real provider returns.

        Raises:
            UnsupportedTypeError: The type is not supported.
            UnsupportedInputError: An input is not supported.
            ServiceError: The service rejected the call.
        """
        if type_ not in RESOURCE_TYPES:
            raise UnsupportedTypeError
        properties = Properties(inputs)
        self._require_region(properties)
        try:
            return RESOURCE_TYPES[type_].create(self.connection, name, properties)
        except ClientError as error:
            raise _service_error(error) from error

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any] | None:
        """Return the result of a provider function.

        Raises:
            NotImplementedError: The function is not supported.
        """
        if token.endswith(":getRoles"):
            return find_roles(self.connection, args)
        return look_up(token, args, region=self.connection.region, account=self.connection.account)

    def read(self, type_: str, id_: str) -> dict[str, Any]:
        """Return the outputs of an existing resource.

        Raises:
            NotImplementedError: Resources of this type cannot be read.
            ServiceError: The service rejected the call, or there is no such resource.
        """
        read = RESOURCE_TYPES[type_].read if type_ in RESOURCE_TYPES else None
        if read is None:
            raise NotImplementedError("existing resources of this type cannot be read locally")
        try:
            return read(self.connection, id_)
        except ClientError as error:
            raise _service_error(error) from error

    def _require_region(self, properties: Properties) -> None:
        """Check the `region`, an input that every resource of pulumi-aws has."""
        region = properties.pop("region", self.connection.region)
        if region != self.connection.region:
            raise ValueError(
                f"region must be {self.connection.region}, the only region of the local stack, not {region}"
            )


def _service_error(error: ClientError) -> ServiceError:
    details = error.response.get("Error", {})
    return ServiceError(f"{error.operation_name}: {details.get('Code')}: {details.get('Message')}")
