"""A route: one collection crossed with one operation."""

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.contract.collection import Collection
from handlers.contract.operation import OPERATIONS, Operation


@dataclass(frozen=True)
class Route:
    """What clients can call: `GET /items/{id}`, which needs the scope `items:read` and is served by `items-read`."""

    collection: Collection
    operation: Operation

    @property
    def name(self) -> str:
        """The route's name, also its function's: `items-read`."""
        return f"{self.collection.name}-{self.operation.name}"

    @property
    def path(self) -> str:
        """The path template, as API Gateway and OpenAPI write it."""
        return f"/{self.collection.name}/{{id}}" if self.operation.on_item else f"/{self.collection.name}"

    @property
    def scope(self) -> str:
        """The scope that a token needs: `items:read` or `items:write`."""
        return f"{self.collection.name}:{self.operation.verb}"


def routes(collections: Iterable[Collection]) -> tuple[Route, ...]:
    """Every route of the collections, in the order of the collections and of OPERATIONS."""
    return tuple(Route(collection, operation) for collection in collections for operation in OPERATIONS)
