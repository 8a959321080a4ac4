"""The functions behind the routes: one per route, all from one bundle, each with its own role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract import Route
from infra.bundles import ROOT, Bundle, Target, archive
from infra.cors import Cors
from infra.function import Function, FunctionArgs, FunctionDefaults, Statement
from infra.table import Table
from infra.trimmed_packages import (
    BOTOCORE_EXCLUDED,
    BOTOCORE_INCLUDED,
    BOTOCORE_REPLACED,
    MSGSPEC_REPLACED,
    trim_botocore,
)


def handlers_bundle(target: Target, *, compiled: bool = False) -> Bundle:
    """Return the bundle that all handlers share."""
    return Bundle(
        name="handlers",
        package=ROOT / "handlers",
        target=target,
        generated={**BOTOCORE_REPLACED, **MSGSPEC_REPLACED},
        excluded=BOTOCORE_EXCLUDED,
        included=BOTOCORE_INCLUDED,
        transform=trim_botocore,
        compiled=compiled,
    )


@dataclass(frozen=True, kw_only=True)
class HandlersArgs:
    """The routes, the tables of their collections by name, and which pages may call from browsers."""

    routes: Sequence[Route]
    tables: Mapping[str, Table]
    cors: Cors
    defaults: FunctionDefaults


class Handlers(pulumi.ComponentResource):
    """One function per route. `functions` holds them by the route's name."""

    def __init__(self, name: str, args: HandlersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:compute:Handlers", name, None, opts)
        defaults = args.defaults
        code = archive(handlers_bundle(defaults.target, compiled=defaults.settings.compiled_files))
        # The functions of stacks deployed by earlier versions have no parent.
        aliases = [pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]
        child_opts = pulumi.ResourceOptions(parent=self, aliases=aliases)
        self.functions = {
            route.name: Function(route.name, function_args(route, args, code), child_opts) for route in args.routes
        }
        self.routes = args.routes
        self.names = {route_name: function.name for route_name, function in self.functions.items()}
        self.register_outputs({"names": self.names})

    def allow_gateway(self, execution_arn: pulumi.Input[str]) -> list[aws.lambda_.Permission]:
        """Let API Gateway invoke each function for its own methods of the API with this execution ARN."""
        permissions: list[aws.lambda_.Permission] = []
        for route in self.routes:
            path = route.path.replace("{id}", "*")
            for method in route.operation.methods:
                source = pulumi.Output.concat(execution_arn, "/*/", method, path)
                function = self.functions[route.name]
                permissions.append(function.allow_gateway(f"{route.name}-{method.lower()}", source))
        return permissions


def function_args(route: Route, args: HandlersArgs, code: pulumi.Archive) -> FunctionArgs:
    """Return a route's function: it may use its operation's DynamoDB actions on its collection's table."""
    table = args.tables[route.collection.name]
    return FunctionArgs(
        description=f"{route.operation.method} {route.path}",
        handler=f"handlers.{route.operation.name}.handler",
        code=code,
        defaults=args.defaults,
        environment={
            "COLLECTION": route.collection.name,
            "TABLE": table.name,
            **args.cors.environment(),
        },
        statements=[Statement(actions=route.operation.actions, resources=resources(route, table))],
    )


def resources(route: Route, table: Table) -> list[pulumi.Input[str]]:
    """Return the ARNs that a route's function may use: the table, and for a list its indexes."""
    indexes = route.collection.indexes if route.operation.reads_indexes else ()
    return [table.arn, *(pulumi.Output.concat(table.arn, "/index/", index.name) for index in indexes)]
