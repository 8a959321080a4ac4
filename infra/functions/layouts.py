"""The layout of the handlers: which routes share a function, and what that function may do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from handlers.contract import Collection, Route
from infra.data.table import Table
from infra.functions.function_settings import AUTHORIZER, FunctionSettings, Layout
from infra.functions.role_policies import Statement

SINGLE = "handlers"
"""The name of the function that serves all routes."""

ROUTER = "handlers.router.handler"
"""The Lambda handler of a function that serves more than one route."""


@dataclass(frozen=True, kw_only=True)
class RouteGroup:
    """The routes that one function serves; `name` is the function's."""

    name: str
    routes: Sequence[Route]

    @property
    def collections(self) -> list[Collection]:
        """The collections of the routes."""
        return list({route.collection.name: route.collection for route in self.routes}.values())

    @property
    def handler(self) -> str:
        """The Lambda handler: the operation's, or one that chooses the operation by the request's route."""
        return ROUTER if len(self.routes) > 1 else f"handlers.{self.routes[0].operation.name}.handler"

    @property
    def description(self) -> str:
        """What the function serves, for the console."""
        if len(self.routes) == 1:
            return f"{self.routes[0].operation.method} {self.routes[0].path}"
        return f"All of /{self.collections[0].name}" if len(self.collections) == 1 else "All routes"

    @property
    def permission(self) -> tuple[str, str]:
        """The name of the permission that lets API Gateway invoke the function, and its source within the API.

        A route with several methods, GET and HEAD, has one permission, because a function's policy and a stack hold
        only so many. It includes the path's other methods, and a collection's includes any whose name starts with its
        own: API Gateway sends those requests to other functions.
        """
        if len(self.collections) > 1:
            return self.name, "/*/*/*"
        if len(self.routes) > 1:
            return self.name, f"/*/*/{self.collections[0].name}*"
        (route,) = self.routes
        method, path = route.operation.method, route.path.replace("{id}", "*")
        if len(route.operation.methods) > 1:
            return route.name, f"/*/*{path}"
        return f"{route.name}-{method.lower()}", f"/*/{method}{path}"

    def by_collection(self) -> "list[RouteGroup]":
        """Return the routes of each collection."""
        found: dict[str, list[Route]] = {}
        for route in self.routes:
            found.setdefault(route.collection.name, []).append(route)
        return [RouteGroup(name=self.name, routes=routes) for routes in found.values()]

    def permissions(self) -> dict[tuple[str, ...], list[tuple[str, str]]]:
        """Return what the routes' operations need, by actions: on tables, and for queries on their indexes.

        A resource is the collection of a table, and what follows the table's ARN: nothing, or the name of an index.
        """
        found: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for group in self.by_collection():
            collection, operations = group.routes[0].collection, [route.operation for route in group.routes]
            indexes = [f"/index/{index.name}" for index in collection.indexes]
            for on_index, ends in ((False, [""]), (True, indexes)):
                needed = (each.actions for each in operations if each.reads_indexes or not on_index)
                actions = tuple(dict.fromkeys(action for actions in needed for action in actions))
                if actions and ends:
                    found.setdefault(actions, []).extend((collection.name, end) for end in ends)
        return found

    def statements(self, tables: Mapping[str, Table]) -> list[Statement]:
        """Return the permissions that the routes' operations need."""
        return [
            Statement(actions=actions, resources=[_arn(tables[name], end) for name, end in resources])
            for actions, resources in self.permissions().items()
        ]


def grouped(routes: Sequence[Route], layout: Layout) -> list[RouteGroup]:
    """Return the functions of a layout with their routes."""
    groups: dict[str, list[Route]] = {}
    for route in routes:
        name = {"operation": route.name, "collection": route.collection.name, "single": SINGLE}[layout]
        groups.setdefault(name, []).append(route)
    return [RouteGroup(name=name, routes=each) for name, each in groups.items()]


def function_names(routes: Sequence[Route], layout: Layout) -> list[str]:
    """Return the names of a stack's functions."""
    return [*(group.name for group in grouped(routes, layout)), AUTHORIZER]


def override_problems(routes: Sequence[Route], settings: FunctionSettings) -> Iterator[str]:
    """Yield the names of overrides that match no function, with those that would."""
    functions = function_names(routes, settings.layout)
    collections = dict.fromkeys(name.partition("-")[0] for name in functions)
    allowed = list(dict.fromkeys((*collections, *functions)))
    for name in settings.overrides:
        if name not in allowed:
            yield (
                f"gatehouse:functions.overrides.{name}: matches no function of the layout {settings.layout}; "
                f"allowed: {', '.join(allowed)}"
            )


def _arn(table: Table, end: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(table.arn, end) if end else table.arn
