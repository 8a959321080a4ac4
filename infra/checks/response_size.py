"""The largest response of the authorizer, and the kind of policy that keeps it within API Gateway's limit.

The authorizer does not measure its responses, so a stack is deployed only if the response to every possible token fits.
The responses measured here are created by the authorizer's own code, for the caller and scopes with the most bytes.
"""

import json
from collections.abc import Iterator, Sequence

import msgspec

from authorizer.claims import Caller
from authorizer.decision import decide
from authorizer.event import Route, Stage
from authorizer.policy import ENCODINGS, Json, Policies
from authorizer.resource_patterns import RouteGroup
from authorizer.settings import MAX_TEXT, CacheBy, DeploymentSettings, Issuer, PolicyEncoding
from authorizer.settings_file import USER_POOL
from authorizer.user_pool import MAX_CLIENT_ID, with_user_pool

MAX_BYTES = 8000
"""Bytes of an authorizer's response, including its context (AWS, "Amazon API Gateway quotas": 8 KB)."""

SHORTEST: PolicyEncoding = "compact-any-region"

MAX_RESOURCE = 512
"""Characters of a resource ARN in a policy."""

EXPIRES = 9_999_999_999
"""A time (seconds since 1970) with as many digits as any before the year 2286."""

REQUEST_ID = "00000000-0000-0000-0000-000000000000"
"""An id as long as Lambda's request ids."""

TEXT = "x" * MAX_TEXT
"""The longest text that is accepted in a token."""

UNLISTED = ""
"""Stands for the name of a client that no usage plan lists."""


class ResponseTooLarge(ValueError):
    """No encoding keeps the largest response within API Gateway's limits."""


def with_policy_that_fits(
    settings: DeploymentSettings, stage: Stage, cache_by: CacheBy | None, user_pool: str | None = None
) -> DeploymentSettings:
    """Return the settings with a policy for all routes if that fits for every token, and else with one for each route.

    `cache_by` overrides the choice, and `user_pool` is the issuer's name of the stack's pool. Raises ResponseTooLarge.
    """
    measured = settings if user_pool is None else _with_longest_clients(settings, user_pool)
    try:
        chosen, encoding = cache_by or "token", choose_encoding(measured, stage)
    except ResponseTooLarge as error:
        if cache_by == "token":
            raise ResponseTooLarge(f"{error}, or authorizer.cacheBy: route") from None
        # The shortest encoding may be needed while an update changes the API from `token` to `route`.
        chosen, encoding = "route", SHORTEST
    if chosen == "route":
        _require_fits(largest_route_responses(measured, stage))
    return msgspec.structs.replace(settings, policy_encoding=encoding, cache_by=chosen)


def _with_longest_clients(settings: DeploymentSettings, name: str) -> DeploymentSettings:
    """Return settings with a user pool in which all clients of usage plans, and another, have the longest ids."""
    listed = settings.usage.clients.get(name, ()) if settings.usage else ()
    ids = {client: f"{index:0{MAX_CLIENT_ID}}" for index, client in enumerate((*listed, UNLISTED))}
    pool = {"name": name, "url": "https://user-pool.invalid/region_pool", "scopePrefix": "", "clients": ids}
    return with_user_pool(settings, {USER_POOL: json.dumps(pool)})


def choose_encoding(settings: DeploymentSettings, stage: Stage) -> PolicyEncoding:
    """Return the most readable encoding that fits for every token. Raises ResponseTooLarge."""
    for encoding in ENCODINGS:
        try:
            _require_fits(largest_responses(msgspec.structs.replace(settings, policy_encoding=encoding), stage))
        except ResponseTooLarge:
            if encoding == SHORTEST:
                raise
        else:
            return encoding
    raise AssertionError("unreachable")


def _require_fits(responses: Iterator[Json]) -> None:
    found = list(responses)
    size = max(map(response_size, found))
    if size > MAX_BYTES or any(len(each) > MAX_RESOURCE for one in found for each in _resources(one)):
        raise ResponseTooLarge(
            f"the authorizer's response may take {size} bytes, and API Gateway allows {MAX_BYTES} bytes and resource "
            f"ARNs of {MAX_RESOURCE} characters: use fewer collections or shorter names"
        )


def response_size(response: Json) -> int:
    """Return the bytes of a response as Lambda's Python runtime (3.12 and later) writes it."""
    return len(json.dumps(response, ensure_ascii=False).encode())


def largest_responses(settings: DeploymentSettings, stage: Stage) -> Iterator[Json]:
    """Yield responses for each issuer and client, allowed and denied; one of them is the largest possible."""
    policies = Policies(settings.routes, settings.policy_encoding)
    scopes = tuple(sorted(scope for each in policies.groups for scope in _costliest(policies, stage, each)))
    for issuer in settings.issuers:
        for client in _clients(settings, issuer):
            for granted in ((), scopes):
                yield _response(settings, policies, stage, _caller(issuer, client, granted))


def largest_route_responses(settings: DeploymentSettings, stage: Stage) -> Iterator[Json]:
    """Yield responses about single routes, as `largest_responses` does for all routes."""
    policies = Policies(settings.routes, settings.policy_encoding)
    routes = [(Route(method, each.path), each.scope) for each in settings.routes for method in each.methods]
    route, scope = max(routes, key=lambda each: len(each[0].pattern) + len(each[1]))
    for issuer in settings.issuers:
        for client in _clients(settings, issuer):
            for granted in ((), (scope,)):
                yield _response(settings, policies, stage, _caller(issuer, client, granted), route)


def _clients(settings: DeploymentSettings, issuer: Issuer) -> Sequence[str]:
    """Return the clients that the issuer's settings list; if all are accepted, also the longest possible client id."""
    listed = settings.usage.clients.get(issuer.name, ()) if settings.usage else ()
    return issuer.clients or (TEXT, *listed)


def _response(
    settings: DeploymentSettings, policies: Policies, stage: Stage, caller: Caller, route: Route | None = None
) -> Json:
    decision = decide(settings, policies, stage, caller, None, route)
    return decision.with_id(REQUEST_ID) if settings.log_decisions else decision.output


def _caller(issuer: Issuer, client: str, scopes: tuple[str, ...]) -> Caller:
    """Return a caller of the issuer with the longest texts that are accepted."""
    tenant = None if issuer.tenant_claim is None else TEXT
    return Caller(issuer.name, TEXT, client, TEXT, tenant, scopes, EXPIRES, None)


def _costliest(policies: Policies, stage: Stage, group: RouteGroup) -> Sequence[str]:
    """Return the set of a collection's scopes that adds the most bytes, which does not depend on other collections."""
    scopes = sorted(set(group.scopes.values()))
    sets = ([scope for bit, scope in enumerate(scopes) if number >> bit & 1] for number in range(1, 1 << len(scopes)))

    def cost(some: Sequence[str]) -> int:
        return len(json.dumps(policies.resources(stage, group, some))) + len(" ".join(some))

    return max(sets, key=cost)


def _resources(response: Json) -> list[str]:
    return [each for statement in response["policyDocument"]["Statement"] for each in statement["Resource"]]
