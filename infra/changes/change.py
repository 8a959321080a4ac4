"""The model: one change of one resource."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from infra.changes.differences import PropertyChange

LOST: Final = {
    "aws:dynamodb/table:Table": "all items",
    "aws:cloudwatch/logGroup:LogGroup": "all log events",
    "aws:apigateway/restApi:RestApi": "the URL that clients call",
}
"""What is lost when a resource of these types is deleted or replaced, because no later deployment restores it.

API keys are not listed: their values are derived from the names of the stack and the client.
"""


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
        if self.retained or self.operation not in (Operation.DELETE, Operation.REPLACE):
            return None
        return LOST.get(self.type)


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
