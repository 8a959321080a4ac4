"""The functions behind the routes: one per route, all from one bundle, each with its own role."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from handlers.contract import Route
from infra import slim_botocore, slim_msgspec
from infra.bundles import ROOT, Bundle, Target
from infra.function import Function, FunctionArgs, Grant
from infra.naming import Names
from infra.settings import StackSettings
from infra.table import Table


def handlers_bundle(target: Target, *, compiled: bool = False) -> Bundle:
    """The one bundle of all handlers."""
    return Bundle(
        name="handlers",
        package=ROOT / "handlers",
        target=target,
        generated={**slim_botocore.GENERATED, **slim_msgspec.GENERATED},
        left_out=slim_botocore.LEFT_OUT,
        kept=slim_botocore.KEPT,
        rewritten=slim_botocore.rewritten,
        compiled=compiled,
    )


@dataclass(frozen=True, kw_only=True)
class HandlersArgs:
    """The collections' tables by name, the shared bundle and the stack's settings."""

    names: Names
    tables: Mapping[str, Table]
    code: pulumi.Archive
    target: Target
    settings: StackSettings


def handler_function(route: Route, args: HandlersArgs) -> Function:
    """A route's function: its operation's DynamoDB actions, on its collection's table."""
    table = args.tables[route.collection.name]
    settings = args.settings
    return Function(
        route.name,
        FunctionArgs(
            names=args.names,
            description=f"{route.operation.method} {route.path}",
            handler=f"handlers.{route.operation.name}.handler",
            code=args.code,
            runtime=args.target.runtime,
            architecture=args.target.architecture,
            memory=settings.memory_megabytes,
            timeout=settings.timeout_seconds,
            log_retention=settings.log_retention_days,
            log_level=settings.log_level,
            tags=settings.tags,
            environment={
                "COLLECTION": route.collection.name,
                "TABLE": table.name,
                "CORS_ORIGINS": " ".join(settings.cors_origins),
            },
            grants=[Grant(actions=route.operation.actions, resources=resources(route, table))],
        ),
    )


def resources(route: Route, table: Table) -> list[pulumi.Input[str]]:
    """What a route's function may use: the table, and for a list its indexes."""
    indexes = route.collection.indexes if route.operation.reads_indexes else ()
    return [table.arn, *(pulumi.Output.concat(table.arn, "/index/", index) for index in indexes)]
