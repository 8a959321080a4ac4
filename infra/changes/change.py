"""The model: one change of one resource."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from infra.changes.differences import PropertyChange
from infra.naming import SENT

LOST: Final = {
    "aws:dynamodb/table:Table": "all items",
    "aws:kms/key:Key": "everything that it encrypts",
    "aws:cognito/userPool:UserPool": "all users and their passwords",
    "aws:cognito/userPoolClient:UserPoolClient": "the client id and the secret that a client uses",
    "aws:cognito/userPoolDomain:UserPoolDomain": "the address at which people sign in",
    "aws:cloudwatch/logGroup:LogGroup": "all log events",
    "aws:apigateway/restApi:RestApi": "the URL that clients call",
    "aws:apigatewayv2/api:Api": "the URL that clients call",
    "aws:apigateway/apiKey:ApiKey": "the key that its client sends",
}
"""What is lost when a resource of these types is deleted or replaced, because no later deployment restores it."""


class Operation(StrEnum):
    """What happens to a resource, in the order in which changes are shown."""

    REPLACE = "replace"
    DELETE = "delete"
    CREATE = "create"
    IMPORT = "import"
    UPDATE = "update"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A resource that a deployment changes.

    `properties` are the changed properties of an update or a replacement. `retained` is set if Pulumi leaves the
    deleted or replaced resource in place (`retain_on_delete`).
    """

    operation: Operation
    urn: str
    properties: tuple[PropertyChange, ...] = ()
    retained: bool = False

    @property
    def type(self) -> str:
        """The resource's type: `aws:dynamodb/table:Table`."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def loss(self) -> str | None:
        """What is lost by the change and cannot be restored by another deployment; None if there is nothing."""
        if self.retained or self.operation not in (Operation.DELETE, Operation.REPLACE) or self._is_derived_key:
            return None
        return LOST.get(self.type)

    @property
    def _is_derived_key(self) -> bool:
        """Whether this is an API key whose value is derived from the names of the stack and the client."""
        return self.type.endswith(":ApiKey") and not self.name.startswith(f"{SENT}:")


def ordered(changes: Iterable[Change]) -> list[Change]:
    """Sort changes by operation; for each operation, resources with data come first."""
    operations, types = list(Operation), list(LOST)

    def key(change: Change) -> tuple[int, int, str, str]:
        has_data = types.index(change.type) if change.type in LOST else len(types)
        return operations.index(change.operation), has_data, change.type, change.name

    return sorted(changes, key=key)


def losses(changes: Iterable[Change]) -> Sequence[Change]:
    """Return the changes that lose data."""
    return [change for change in ordered(changes) if change.loss]
