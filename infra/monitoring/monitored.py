"""What monitoring watches: the API's stage, the functions, the tables, and their log groups."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from handlers.contract import Route
from infra.api.http_api import HttpApi
from infra.api.rest_api import RestApi
from infra.authorizer.authorizer import TIMEOUT
from infra.authorizer.revocation import READ
from infra.functions.function_settings import AUTHORIZER, FunctionSettings
from infra.functions.layouts import grouped
from infra.naming import REVOCATIONS, Names

Value = TypeVar("Value")

TRANSACTION = "TransactWriteItems"
"""The call that creates an item with an Idempotency-Key. IAM authorizes it as PutItem."""


@dataclass(frozen=True)
class MonitoredTable:
    """A table, the names of its indexes, and the calls of DynamoDB that read and write it."""

    name: str
    indexes: Sequence[str] = ()
    operations: Sequence[str] = ()


@dataclass(frozen=True)
class Monitored:
    """A deployed stack. `has_denylist` says whether its authorizer reads the list of revoked tokens."""

    names: Names
    routes: Sequence[Route]
    functions: FunctionSettings
    gateway: RestApi | HttpApi
    has_denylist: bool

    @cached_property
    def handlers(self) -> list[str]:
        """The logical names of the functions behind the routes."""
        return [group.name for group in grouped(self.routes, self.functions.layout)]

    @property
    def all_functions(self) -> list[str]:
        """The logical names of all functions."""
        return [*self.handlers, AUTHORIZER]

    @property
    def tables(self) -> list[MonitoredTable]:
        """All tables."""
        found: dict[str, MonitoredTable] = {}
        for route in self.routes:
            collection, operation = route.collection, route.operation
            before = found.get(
                collection.name, MonitoredTable(collection.name, [each.name for each in collection.indexes])
            )
            calls = [
                *(action.partition(":")[2] for action in operation.actions),
                *([TRANSACTION] if operation.creates else []),
            ]
            found[collection.name] = replace(before, operations=list(dict.fromkeys([*before.operations, *calls])))
        denylist = [MonitoredTable(REVOCATIONS, operations=[READ.partition(":")[2]])] if self.has_denylist else []
        return [*found.values(), *denylist]

    def physical(self, names: Sequence[str]) -> dict[str, str]:
        """Return the names in AWS of functions or tables, by their logical names."""
        return {name: self.names.resource(name) for name in names}

    def timeout(self, function: str) -> int:
        """Return a function's timeout, in seconds."""
        return TIMEOUT if function == AUTHORIZER else self.functions.of(function).timeout

    def by_collection(self, value_of: Callable[[str], Value]) -> list[tuple[str, Value, list[str]]]:
        """Return the functions of each collection that have the same value, with a name for them, and the value.

        A function with another value than its collection's has its own name. Names of collections have no hyphen.
        """
        found: dict[str, tuple[Value, list[str]]] = {}
        for function in self.all_functions:
            collection, value = function.partition("-")[0], value_of(function)
            name = collection if value == value_of(collection) else function
            found.setdefault(name, (value, []))[1].append(function)
        return [(name, value, functions) for name, (value, functions) in found.items()]
