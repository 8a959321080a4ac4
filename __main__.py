"""Gatehouse: read the stack's settings and compose the components."""

import pulumi

from handlers.contract import load_collections, routes
from infra.api.flavours import create_api
from infra.api.rest_api import RestApiArgs
from infra.api.usage import UsagePlans, UsagePlansArgs
from infra.authorizer.authorizer import Authorizer, AuthorizerArgs
from infra.authorizer.revocation import Revocation, RevocationArgs
from infra.branches import branch_of
from infra.checks.deployable import require_deployable
from infra.data.backups import Backups, BackupsArgs
from infra.data.table import Table, collection_table, table_defaults
from infra.edge.domain import Domain, DomainArgs
from infra.edge.waf import Waf, WafArgs
from infra.functions.handlers import Handlers, HandlersArgs
from infra.identity.user_pool import UserPool, UserPoolArgs
from infra.monitoring.monitored import Monitored
from infra.monitoring.monitoring import Monitoring, MonitoringArgs
from infra.naming import Names
from infra.packaging.bundles import ROOT
from infra.provider import aws_provider
from infra.settings import load

names = Names(pulumi.get_project(), pulumi.get_stack(), branch_of(ROOT, pulumi.get_stack()))
settings = load(names.project, names.settings_stack)
collections = load_collections()
api_routes = routes(collections)
require_deployable(api_routes, names, settings)
opts = aws_provider(settings.provider, settings.tags)

api, data, logs, usage = settings.api, settings.data, settings.logs, settings.usage
defaults = settings.function_defaults(names)
tables_of = table_defaults(names, data, opts)
tables = {each.name: Table(each.name, collection_table(each, tables_of), opts) for each in collections}
handlers = Handlers("handlers", HandlersArgs(
    routes=api_routes, tables=tables, cors=api.cors, defaults=defaults, lifetimes=data.lifetimes,
), opts)  # fmt: skip
revocation = Revocation("revocation", RevocationArgs(tables=tables_of), opts) if settings.revocation.enabled else None
if settings.backups.enabled:
    Backups("backups", BackupsArgs(names=names, tables=tables, settings=settings.backups, protect=data.protect), opts)
pool_args = UserPoolArgs(names=names, identity=settings.identity, routes=api_routes, protect=data.protect)
user_pool = UserPool("users", pool_args, opts) if settings.identity.enabled else None
authorizer = Authorizer("authorizer", AuthorizerArgs(
    data=settings.for_authorizer(names, api_routes), defaults=defaults, revocation=revocation, user_pool=user_pool,
), opts)  # fmt: skip
gateway = create_api("api", RestApiArgs(
    names=names, routes=api_routes, handlers=handlers, authorizer=authorizer, api=api, domain=settings.domain,
    policy_cache=settings.authorizer.policy_cache, usage=usage, logs=logs,
), opts)  # fmt: skip
plans = UsagePlans("api", UsagePlansArgs(names=names, api=gateway, usage=usage), opts) if usage.plans else None
if settings.waf.enabled:
    Waf("waf", WafArgs(names=names, stage_arn=gateway.stage_arn, waf=settings.waf, logs=logs), opts)
domain_args = DomainArgs(names=names, domain=settings.domain, api=gateway)
domain = Domain("domain", domain_args, opts) if settings.domain.name else None
if settings.monitoring.enabled:
    stack = Monitored(names, api_routes, settings.functions, gateway, has_denylist=settings.revocation.enabled)
    Monitoring("monitoring", MonitoringArgs(stack=stack, settings=settings.monitoring), opts)

pulumi.export("url", domain.url if domain else gateway.url)
pulumi.export("functions", handlers.names)
pulumi.export("tables", {name: table.name for name, table in tables.items()})
pulumi.export("authorizer", authorizer.name)
if domain:
    pulumi.export("domainTarget", domain.target)
if plans and usage.requires_keys:
    pulumi.export("apiKeys", plans.keys)
if user_pool:
    pulumi.export("userPool", user_pool.description)
    pulumi.export("clientSecrets", user_pool.secrets)
