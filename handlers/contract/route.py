"""A route: one collection crossed with one operation."""

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.contract.collection import Collection, Model
from handlers.contract.operation import GATEWAY_PROBLEMS, HANDLER_PROBLEMS, OPERATIONS, WRITE_PROBLEMS, Operation
from handlers.contract.problem import ALREADY_EXISTS, Problem


@dataclass(frozen=True)
class Route:
    """What clients can call: `GET /items/{id}` needs the scope `items:read` and is served by `items-read`."""

    collection: Collection
    operation: Operation

    @property
    def name(self) -> str:
        """The name of the route and of its function: `items-read`."""
        return f"{self.collection.name}-{self.operation.name}"

    @property
    def path(self) -> str:
        """The path template, as API Gateway and OpenAPI write it."""
        return f"/{self.collection.name}/{{id}}" if self.operation.on_item else f"/{self.collection.name}"

    @property
    def scope(self) -> str:
        """The scope that a token needs: `items:read` or `items:write`."""
        return f"{self.collection.name}:{self.operation.verb}"

    @property
    def query_parameters(self) -> tuple[str, ...]:
        """The names of the query parameters."""
        return self.collection.list_parameters if self.operation.response == "page" else ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems that the route can respond with. An id can be taken only where clients choose ids."""
        of_writes = WRITE_PROBLEMS if self.operation.verb == "write" else ()
        found = (*HANDLER_PROBLEMS, *of_writes, *GATEWAY_PROBLEMS, *self.operation.problems)
        return tuple(each for each in found if each is not ALREADY_EXISTS or self.collection.client_ids)

    @property
    def body_model(self) -> type[Model]:
        """The model of the request body, or of what a patch changes."""
        return self.collection.new_model if self.operation.creates else self.collection.model

    def describe(self, text: str) -> str:
        """Fill in the placeholders of the operation's summary, description or success."""
        items, item = self.collection.name, self.collection.singular
        an_item = f"{'an' if item[0] in 'aeio' else 'a'} {item}"
        return text.format(items=items, item=item, an_item=an_item, order=self._order, consistency=self._consistency)

    @property
    def _order(self) -> str:
        """The orders of the list, in words."""
        fields = " or ".join(f"`{name}`" for name in self.collection.range_fields)
        return "in order of creation" + (f", or of {fields}" if fields else "")

    @property
    def _consistency(self) -> str:
        """Which lists are read from an index, and may therefore miss the last writes."""
        item = f"/{self.collection.name}/{{id}}"
        late = f"is eventually consistent: it may miss the last writes, which `GET {item}` returns."
        if self.collection.client_ids:
            return f"The list {late}"
        indexed = "A list with a filter or in another order" if self.collection.range_fields else "A filtered list"
        return "The list is consistent." + (f" {indexed} {late}" if self.collection.indexes else "")

    def operation_id(self, method: str) -> str:
        """Return the name of one method of the route: the route's own name for the operation's first method."""
        return self.name if method == self.operation.method else f"{self.name}-{method.lower()}"


def routes(collections: Iterable[Collection]) -> tuple[Route, ...]:
    """Return every route of the collections, in the order of the collections and of OPERATIONS."""
    return tuple(Route(collection, operation) for collection in collections for operation in OPERATIONS)
