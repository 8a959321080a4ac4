"""The functions behind the routes: one per route, per collection, or one, each with its own role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import msgspec
import pulumi
import pulumi_aws as aws

from handlers.contract import Route
from handlers.environment import COLLECTION, LIFETIMES, TABLE, TABLE_PREFIX
from handlers.metrics import METRICS
from infra.api.cors import Cors
from infra.data.table import Table
from infra.functions.function import Function, FunctionArgs, FunctionDefaults
from infra.functions.layouts import RouteGroup, grouped
from infra.functions.policy_sizes import divided
from infra.logs import level_with_metrics
from infra.packaging.bundles import archive
from infra.packaging.handler_bundles import HandlerSources, handlers_bundle, layer_bundle
from infra.packaging.target import Target


@dataclass(frozen=True, kw_only=True)
class HandlersArgs:
    """The routes, the tables of their collections by name, and which pages may call from browsers.

    `lifetimes` are the days after which items expire that are not written any more, by collection.
    """

    routes: Sequence[Route]
    tables: Mapping[str, Table]
    cors: Cors
    defaults: FunctionDefaults
    lifetimes: Mapping[str, int]


class Handlers(pulumi.ComponentResource):
    """The functions that serve the routes. `functions` holds them by the route's name, `names` their names."""

    def __init__(self, name: str, args: HandlersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:compute:Handlers", name, None, opts)
        self.args = args
        self.settings = args.defaults.settings
        self.is_traced = self.settings.tracing
        code, layer = cache(self._code), cache(self._layer)
        sources = HandlerSources()
        # The functions of stacks deployed by earlier versions have no parent.
        aliases = [pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]
        child_opts = pulumi.ResourceOptions(parent=self, aliases=aliases)
        self.groups: list[tuple[RouteGroup, Function]] = []
        for group in grouped(args.routes, self.settings.layout):
            target, collections = args.defaults.target(group.name), tuple(each.name for each in group.collections)
            layers = [layer(target).arn] if self.settings.layer else []
            arguments = self._function_args(group, code(sources, target, collections), layers)
            self.groups.append((group, Function(group.name, arguments, child_opts)))
        self.functions = {route.name: function for group, function in self.groups for route in group.routes}
        self.names = {route_name: function.name for route_name, function in self.functions.items()}
        self.register_outputs({"names": self.names})

    def allow_gateway(self, execution_arn: pulumi.Input[str]) -> list[aws.lambda_.Permission]:
        """Let API Gateway invoke each function for its own routes of the API with this execution ARN."""
        permissions: list[aws.lambda_.Permission] = []
        for group, function in self.groups:
            name, source = group.permission
            permissions.append(function.allow_gateway(name, pulumi.Output.concat(execution_arn, source)))
        return permissions

    def _code(self, sources: HandlerSources, target: Target, collections: tuple[str, ...]) -> pulumi.Archive:
        """Return the bundle of the functions of some collections."""
        name = f"handlers-{collections[0]}" if len(collections) == 1 else "handlers"
        modules = sources.of(collections)
        compiled, layered = self.settings.compiled_files, self.settings.layer
        return archive(handlers_bundle(target, modules, name=name, compiled=compiled, layered=layered))

    def _layer(self, target: Target) -> aws.lambda_.LayerVersion:
        """Create the layer with the packages of all handlers for a target."""
        name = f"handlers-{target.runtime.replace('.', '-')}"
        return aws.lambda_.LayerVersion(
            name,
            layer_name=self.args.defaults.names.resource(name),
            description="The packages of the handlers",
            code=archive(layer_bundle(target, compiled=self.settings.compiled_files)),
            compatible_architectures=[target.architecture],
            compatible_runtimes=[target.runtime],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _function_args(
        self, group: RouteGroup, code: pulumi.Archive, layers: Sequence[pulumi.Input[str]]
    ) -> FunctionArgs:
        defaults = self.args.defaults
        own, *managed = (each.statements(self.args.tables) for each in divided(group, defaults.names))
        return FunctionArgs(
            description=group.description,
            handler=group.handler,
            code=code,
            defaults=defaults,
            layers=layers,
            log_level=level_with_metrics(defaults.log_level(group.name)) if defaults.metrics else None,
            environment=self._variables(group),
            statements=own,
            managed=managed,
        )

    def _variables(self, group: RouteGroup) -> dict[str, pulumi.Input[str]]:
        return {
            **self._tables(group),
            **self._lifetimes(group),
            **self.args.cors.environment(),
            **self._metrics(),
        }

    def _metrics(self) -> dict[str, str]:
        metrics = self.args.defaults.metrics
        return {METRICS: msgspec.json.encode(metrics).decode()} if metrics else {}

    def _tables(self, group: RouteGroup) -> dict[str, pulumi.Input[str]]:
        """Return the variables for a collection and its table, or for the names of all tables.

        Lambda's environment holds 4 KB, which is less than the names of 150 tables.
        """
        if len(group.collections) > 1:
            return {TABLE_PREFIX: self.args.defaults.names.resource("")}
        (collection,) = group.collections
        return {COLLECTION: collection.name, TABLE: self.args.tables[collection.name].name}

    def _lifetimes(self, group: RouteGroup) -> dict[str, str]:
        """Return the variable with the lifetimes of a group's collections, if any of them has one."""
        names = {collection.name for collection in group.collections}
        found = {name: days for name, days in self.args.lifetimes.items() if name in names}
        return {LIFETIMES: msgspec.json.encode(found).decode()} if found else {}
