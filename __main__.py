"""Gatehouse: read the stack's settings and compose the components."""

import pulumi

from handlers.contract import load_collections, routes
from infra.api import create_api
from infra.authorizer import Authorizer, AuthorizerArgs
from infra.branches import branch_of
from infra.bundles import ROOT
from infra.checks import require_deployable
from infra.handlers import Handlers, HandlersArgs
from infra.monitored import Monitored
from infra.monitoring import Monitoring, MonitoringArgs
from infra.naming import Names
from infra.provider import aws_provider
from infra.rest_api import RestApiArgs
from infra.revocation import Revocation, RevocationArgs
from infra.settings import load
from infra.table import Table, collection_table, table_defaults
from infra.usage import UsagePlans, UsagePlansArgs

names = Names(pulumi.get_project(), pulumi.get_stack(), branch_of(ROOT, pulumi.get_stack()))
settings = load(names.project, names.settings_stack)
api, data, logs, usage = settings.api, settings.data, settings.logs, settings.usage
collections = load_collections()
api_routes = routes(collections)
require_deployable(api_routes, names, settings)

opts = aws_provider(settings.provider, settings.tags)
defaults = settings.function_defaults(names)
tables_of = table_defaults(names, data, opts)
tables = {each.name: Table(each.name, collection_table(each, tables_of), opts) for each in collections}
handlers = Handlers("handlers", HandlersArgs(routes=api_routes, tables=tables, cors=api.cors, defaults=defaults), opts)
revocation = None
if settings.revocation.enabled:
    revocation = Revocation("revocation", RevocationArgs(tables=tables_of), opts)
authorizer_data = settings.for_authorizer(names, api_routes)
authorizer = Authorizer(
    "authorizer", AuthorizerArgs(data=authorizer_data, defaults=defaults, revocation=revocation), opts
)
gateway = create_api("api", RestApiArgs(
    names=names, routes=api_routes, handlers=handlers, authorizer=authorizer,
    policy_cache=settings.authorizer.policy_cache, api=api, usage=usage, logs=logs,
), opts)  # fmt: skip
if usage.plans:
    plans_args = UsagePlansArgs(names=names, api_id=gateway.api_id, stage_name=gateway.stage_name, usage=usage)
    plans = UsagePlans("api", plans_args, opts)
    if usage.requires_keys:
        pulumi.export("apiKeys", plans.keys)
if settings.monitoring.enabled:
    stack = Monitored(names, api_routes, settings.functions, gateway, has_denylist=settings.revocation.enabled)
    Monitoring("monitoring", MonitoringArgs(stack=stack, settings=settings.monitoring), opts)

pulumi.export("url", gateway.url)
pulumi.export("functions", handlers.names)
pulumi.export("tables", {name: table.name for name, table in tables.items()})
pulumi.export("authorizer", authorizer.name)
