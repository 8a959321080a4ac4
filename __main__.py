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
api, data, logs, usage = settings.api, settings.data, settings.logs, settings.usage
collections = load_collections()
api_routes = routes(collections)
require_deployable(api_routes, names, settings)

opts = aws_provider(settings.provider, settings.tags)
defaults = settings.function_defaults(names)
tables_of = table_defaults(names, data, opts)
tables = {each.name: Table(each.name, collection_table(each, tables_of), opts) for each in collections}
handlers = Handlers("handlers", HandlersArgs(
    routes=api_routes, tables=tables, cors=api.cors, defaults=defaults, lifetimes=data.lifetimes,
), opts)  # fmt: skip
revocation = None
if settings.revocation.enabled:
    revocation = Revocation("revocation", RevocationArgs(tables=tables_of), opts)
if settings.backups.enabled:
    backed_up = BackupsArgs(names=names, tables=[*tables.values()], settings=settings.backups, protect=data.protect)
    Backups("backups", backed_up, opts)
user_pool = None
if settings.identity.enabled:
    pool_args = UserPoolArgs(names=names, identity=settings.identity, routes=api_routes, protect=data.protect)
    user_pool = UserPool("users", pool_args, opts)
    pulumi.export("userPool", user_pool.description)
    pulumi.export("clientSecrets", user_pool.secrets)
authorizer = Authorizer("authorizer", AuthorizerArgs(
    data=settings.for_authorizer(names, api_routes), defaults=defaults, revocation=revocation, user_pool=user_pool,
), opts)  # fmt: skip
gateway = create_api("api", RestApiArgs(
    names=names, routes=api_routes, handlers=handlers, authorizer=authorizer,
    policy_cache=settings.authorizer.policy_cache, api=api, domain=settings.domain, usage=usage, logs=logs,
), opts)  # fmt: skip
if usage.plans:
    plans_args = UsagePlansArgs(names=names, api_id=gateway.api_id, stage_name=gateway.stage_name, usage=usage)
    plans = UsagePlans("api", plans_args, opts)
    if usage.requires_keys:
        pulumi.export("apiKeys", plans.keys)
if settings.waf.enabled:
    Waf("waf", WafArgs(names=names, stage_arn=gateway.stage_arn, waf=settings.waf, logs=logs), opts)
url = gateway.url
if settings.domain.name:
    domain = Domain("domain", DomainArgs(
        names=names, domain=settings.domain, api_id=gateway.api_id, stage_name=gateway.stage_name,
    ), opts)  # fmt: skip
    url = domain.url
    pulumi.export("domainTarget", domain.target)
if settings.monitoring.enabled:
    stack = Monitored(names, api_routes, settings.functions, gateway, has_denylist=settings.revocation.enabled)
    Monitoring("monitoring", MonitoringArgs(stack=stack, settings=settings.monitoring), opts)

pulumi.export("url", url)
pulumi.export("functions", handlers.names)
pulumi.export("tables", {name: table.name for name, table in tables.items()})
pulumi.export("authorizer", authorizer.name)
