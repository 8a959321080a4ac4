"""AWS quotas that a stack would exceed, found before anything is created.

A quota that AWS can raise is a warning, because the account may have a higher one; any other is a problem. Defaults per
account and region: AWS, "Amazon API Gateway quotas" (REST APIs, HTTP APIs), "Lambda quotas", "IAM and AWS STS quotas",
"Quotas in Amazon DynamoDB".
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from authorizer.settings_file import USER_POOL
from handlers.contract import Route
from infra.functions.function_settings import AUTHORIZER
from infra.functions.layouts import SINGLE, RouteGroup, grouped
from infra.functions.policy_sizes import divided
from infra.naming import Names
from infra.settings import StackSettings

REQUEST = "request an increase"


@dataclass(frozen=True)
class Quota:
    """A quota: what it counts, its default, what helps, and whether AWS can raise it."""

    counts: str
    limit: int
    advice: str
    is_adjustable: bool = False


@dataclass(frozen=True)
class Exceeded:
    """A quota and the number found, which is greater."""

    quota: Quota
    found: int

    def __str__(self) -> str:
        """Return what is exceeded, by how much, and what helps."""
        quota = self.quota
        excess = self.found - quota.limit
        return f"{self.found:,} {quota.counts}, {excess:,} more than AWS's quota of {quota.limit:,}: {quota.advice}"


RESOURCES = Quota("resources of the REST API", 300, f"{REQUEST}, or use fewer collections", is_adjustable=True)
ROUTES = Quota("routes of the HTTP API", 300, f"{REQUEST}, or use api.flavour: rest", is_adjustable=True)
INTEGRATIONS = Quota("integrations of the HTTP API", 300, "use functions.layout: collection, or api.flavour: rest")
STAGE_VARIABLES = Quota("stage variables", 100, "remove some of api.stageVariables")
DOCUMENT = Quota("bytes of the API's document", 6_291_456, "use fewer collections, or smaller models")
ENVIRONMENT = Quota(
    "bytes of a function's environment variables",
    4096,
    "shorten functions.environment or api.corsOrigins, or use fewer clients",
)
MANAGED_POLICIES = Quota(
    "managed policies of a role", 10, f"{REQUEST}, or use functions.layout: collection", is_adjustable=True
)
ROLES = Quota("IAM roles", 1000, f"{REQUEST}, or use fewer functions", is_adjustable=True)
TABLES = Quota("DynamoDB tables", 2500, f"{REQUEST}, or use fewer collections", is_adjustable=True)
USAGE_PLANS = Quota("usage plans", 300, f"{REQUEST}, or use fewer usage.plans", is_adjustable=True)
API_KEYS = Quota("API keys", 10_000, f"{REQUEST}, or list fewer clients in usage.plans", is_adjustable=True)


CLIENT_ID = "x" * 26
"""An id as long as those that Cognito generates."""

POOL_URL = "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_000000000"
"""A URL as long as those of user pools."""

OTHER_VARIABLES = 350
"""Bytes of everything else: names of at most 64 characters, and the metrics' settings."""


def exceeded_quotas(routes: Sequence[Route], names: Names, settings: StackSettings, document: str) -> list[Exceeded]:
    """Return the quotas that the stack alone exceeds. `document` is the one that API Gateway imports."""
    groups = grouped(routes, settings.functions.layout)
    found = (
        *_api(routes, groups, settings, document),
        (ENVIRONMENT, max(_environment(name, settings) for name in (*(group.name for group in groups), AUTHORIZER))),
        (MANAGED_POLICIES, max((len(divided(group, names)) - 1 for group in groups), default=0)),
        (ROLES, len(groups) + 1),
        (TABLES, len({route.collection.name for route in routes})),
        (USAGE_PLANS, len(settings.usage.plans)),
        (API_KEYS, sum(len(listed) for plan in settings.usage.plans for listed in plan.clients.values())),
    )
    return [Exceeded(quota, number) for quota, number in found if number > quota.limit]


def _api(
    routes: Sequence[Route], groups: Sequence[RouteGroup], settings: StackSettings, document: str
) -> Iterator[tuple[Quota, int]]:
    paths = json.loads(document)["paths"]
    if settings.api.flavour == "rest":
        yield RESOURCES, len({each for path in paths for each in _with_parents(path)})
    else:
        yield ROUTES, sum(len(route.operation.methods) for route in routes)
        yield INTEGRATIONS, len(groups)
    yield STAGE_VARIABLES, len(settings.api.variables("stack"))
    yield DOCUMENT, len(document.encode())


def _with_parents(path: str) -> list[str]:
    """Return the resources of a path except the root, which every API has."""
    parts = path.strip("/").split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1) if parts[0]]


def _environment(name: str, settings: StackSettings) -> int:
    """Return the bytes of a function's environment variables."""
    own = settings.functions.of(name).environment
    variables = _pool(settings) if name == AUTHORIZER else settings.api.cors.environment()
    lifetimes = settings.data.lifetimes if name == SINGLE else {}
    return OTHER_VARIABLES + len(json.dumps({**variables, **lifetimes, **own}).encode())


def _pool(settings: StackSettings) -> dict[str, str]:
    """Return the variable that describes the user pool, if the stack has one, without what is short."""
    ids = dict.fromkeys(settings.identity.clients, CLIENT_ID)
    return {USER_POOL: json.dumps({"url": POOL_URL, "clients": ids})} if settings.identity.enabled else {}
