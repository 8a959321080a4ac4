"""What monitoring watches: the API's stage, the functions, the tables, and their log groups."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from handlers.contract import Operation, Route
from handlers.metrics import NAMESPACE
from infra.api.http_api import HttpApi
from infra.api.rest_api import RestApi
from infra.authorizer.authorizer import TIMEOUT
from infra.authorizer.revocation import READ
from infra.functions.function_settings import AUTHORIZER, FunctionSettings
from infra.functions.layouts import grouped
from infra.monitoring.metric import Metric, Statistic
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
    """A deployed stack, and its metrics. `has_denylist` says whether its authorizer reads the list of revoked tokens.

    Metrics may have attributes for graphs, `shown`: those of `Metric`.
    """

    names: Names
    routes: Sequence[Route]
    functions: FunctionSettings
    gateway: RestApi | HttpApi
    has_denylist: bool

    @property
    def is_http(self) -> bool:
        """Whether the API is an HTTP API."""
        return isinstance(self.gateway, HttpApi)

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
        found: list[MonitoredTable] = []
        for group in grouped(self.routes, "collection"):
            (collection,) = group.collections
            calls = dict.fromkeys(call for route in group.routes for call in _calls(route.operation))
            found.append(MonitoredTable(collection.name, [each.name for each in collection.indexes], list(calls)))
        denylist = [MonitoredTable(REVOCATIONS, operations=[READ.partition(":")[2]])] if self.has_denylist else []
        return [*found, *denylist]

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

    def of_api(self, name: str, statistic: Statistic = "Sum", **shown: Any) -> Metric:
        """Return a metric of the API's stage. Those of a REST API have its name, those of an HTTP API its id."""
        api = {"ApiId": self.gateway.api_id} if self.is_http else {"ApiName": self.names.api}
        return Metric("AWS/ApiGateway", name, {**api, "Stage": self.gateway.stage_name}, statistic, **shown)

    def of_errors(self, kind: int, **shown: Any) -> Metric:
        """Return the metric of responses with a status of 400 or more, or of 500 or more."""
        return self.of_api(f"{kind}xx" if self.is_http else f"{kind}XXError", **shown)

    def of_function(self, function: str, name: str, statistic: Statistic = "Sum", **shown: Any) -> Metric:
        """Return a metric of a function, by its logical name."""
        return Metric("AWS/Lambda", name, {"FunctionName": self.names.resource(function)}, statistic, **shown)

    def of_table(self, table: str, name: str, dimensions: dict[str, str] | None = None, **shown: Any) -> Metric:
        """Return a metric of a table, by its logical name."""
        own = {"TableName": self.names.resource(table), **(dimensions or {})}
        return Metric("AWS/DynamoDB", name, own, **shown)

    def of_code(
        self, name: str, statistic: Statistic = "Sum", dimensions: dict[str, str] | None = None, **shown: Any
    ) -> Metric:
        """Return a metric that the authorizer or the handlers log."""
        own = {"project": self.names.project, "stack": self.names.stack, **(dimensions or {})}
        return Metric(NAMESPACE, name, own, statistic, **shown)


def _calls(operation: Operation) -> list[str]:
    """Return the calls of DynamoDB that an operation makes."""
    return [*(each.partition(":")[2] for each in operation.actions), *([TRANSACTION] if operation.creates else [])]
