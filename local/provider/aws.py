"""The pulumi-aws provider's part, played by calls to AWS services that answer at a local endpoint.

It creates and never updates or deletes: a local stack starts from nothing each time.
"""

from typing import Any, Final

from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from local.provider.connection import Connection
from local.provider.existing import READERS, roles
from local.provider.lookups import look_up
from local.provider.properties import Properties
from local.provider.table import TABLE

DEFAULT_REGION: Final = "us-east-1"
DEFAULT_ACCOUNT: Final = "000000000000"


class UnknownTypeError(Exception):
    """A resource is of a type that is not in the table."""

    def __init__(self, type_: str) -> None:
        super().__init__("resources of this type cannot be made locally; local/provider/table.py lists those that can")
        self.type = type_


class ServiceError(Exception):
    """An AWS service refused a call."""


class Provider:
    """Makes a program's resources at one endpoint. Nothing of the caller's AWS configuration is used."""

    def __init__(self, endpoint: str, *, region: str = DEFAULT_REGION, account: str = DEFAULT_ACCOUNT) -> None:
        self.connection = Connection(endpoint.rstrip("/"), region, account)

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a resource; its id and the outputs that the real provider gives.

        Raises:
            UnknownTypeError: The type is not in the table.
            UnappliedError: An input was not applied.
            ServiceError: The service refused.
        """
        if type_ not in TABLE:
            raise UnknownTypeError(type_)
        properties = Properties(inputs)
        self._take_region(properties)
        try:
            return TABLE[type_].make(self.connection, name, properties)
        except ClientError as refusal:
            raise _service_error(refusal) from refusal

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a function of the provider.

        Raises:
            NotImplementedError: There is no local answer to it.
        """
        if token.endswith(":getRoles"):
            return roles(self.connection, args)
        return look_up(token, args, region=self.connection.region, account=self.connection.account)

    def read(self, type_: str, id_: str) -> dict[str, Any]:
        """Return the outputs of a resource that exists already.

        Raises:
            NotImplementedError: Resources of the type cannot be read.
            ServiceError: The service refused, or there is no such resource.
        """
        if type_ not in READERS:
            raise NotImplementedError("existing resources of this type cannot be read locally")
        try:
            return READERS[type_](self.connection, id_)
        except ClientError as refusal:
            raise _service_error(refusal) from refusal

    def _take_region(self, properties: Properties) -> None:
        """Every resource of pulumi-aws may name its region; here there is one."""
        region = properties.take("region", self.connection.region)
        if region != self.connection.region:
            raise ValueError(f"region is {region}, but the local stack has only {self.connection.region}")


def _service_error(refusal: ClientError) -> ServiceError:
    error = refusal.response.get("Error", {})
    return ServiceError(f"{refusal.operation_name}: {error.get('Code')}: {error.get('Message')}")
