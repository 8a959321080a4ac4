"""Gatehouse: the settings of the stack are read, and the components are put together."""

import pulumi

from handlers.contract import load_collections, routes
from infra.authorizer import AuthorizerArgs, authorizer_function
from infra.bundles import Target, archive
from infra.checks import require_deployable
from infra.gateway import Gateway, GatewayArgs
from infra.handlers import HandlersArgs, handler_function, handlers_bundle
from infra.naming import Names
from infra.settings import load
from infra.table import Table, collection_table, revocations_table
from infra.usage import UsagePlans, UsagePlansArgs

settings = load(pulumi.get_project(), pulumi.get_stack())
names = Names(pulumi.get_project(), pulumi.get_stack())
target = Target.of(settings.architecture)
collections = load_collections()
api_routes = routes(collections)
require_deployable(api_routes, names, settings)

tables = {collection.name: Table(collection_table(collection, names, settings)) for collection in collections}
revocations = Table(revocations_table(names, settings)) if settings.revocation.enabled else None
handlers_code = archive(handlers_bundle(target, compiled=settings.compiled_files))
handler_args = HandlersArgs(names=names, tables=tables, code=handlers_code, target=target, settings=settings)
functions = {route.name: handler_function(route, handler_args) for route in api_routes}
authorizer = authorizer_function(
    AuthorizerArgs(names=names, routes=api_routes, target=target, settings=settings, revocations=revocations)
)
gateway = Gateway(
    "api",
    GatewayArgs(names=names, routes=api_routes, functions=functions, authorizer=authorizer, settings=settings),
)
if settings.usage.plans:
    UsagePlans("api", UsagePlansArgs(names=names, gateway=gateway, settings=settings))

pulumi.export("url", gateway.url)
pulumi.export("functions", {name: function.name for name, function in functions.items()})
pulumi.export("tables", {name: table.name for name, table in tables.items()})
pulumi.export("authorizer", authorizer.name)
