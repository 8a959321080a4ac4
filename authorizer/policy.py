"""The IAM policy for a caller, which API Gateway caches.

Cached for a token, it allows every route of the caller's scopes; cached for a token and a route, it is about that route
only.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from authorizer.errors import EventMalformed
from authorizer.event import Route, Stage
from authorizer.resource_patterns import GUARD, Method, RouteGroup, compact_patterns, group_routes, method_patterns
from authorizer.settings import PolicyEncoding, RouteScope

BACKSTOP = 60
"""Seconds after the caller's expiry until which the policy allows requests; handlers reject them at the expiry."""

VERSION = "2012-10-17"
ACTION = "execute-api:Invoke"

Json = dict[str, Any]


class Encoding(msgspec.Struct, frozen=True):
    """A way to write resources. With `any_region`, region and account are `*`; with `guarded`, GUARD is denied."""

    patterns: Callable[[RouteGroup, frozenset[Method]], list[str]]
    any_region: bool = False
    guarded: bool = False


ENCODINGS: Mapping[PolicyEncoding, Encoding] = {
    "methods": Encoding(method_patterns),
    "compact": Encoding(compact_patterns, guarded=True),
    "compact-any-region": Encoding(compact_patterns, any_region=True, guarded=True),
}
"""From the most readable to the shortest. A deployment uses the first whose largest output API Gateway accepts."""


class Policies:
    """The policies of one API. Raises ValueError if patterns cannot distinguish its routes."""

    def __init__(self, routes: Sequence[RouteScope], encoding: PolicyEncoding = "methods") -> None:
        self.groups = group_routes(routes)
        self._required = {Route(method, each.path): each.scope for each in routes for method in each.methods}
        self.scopes = frozenset(scope for group in self.groups for scope in group.scopes.values())
        self._encoding = ENCODINGS[encoding]
        # Callers have few different sets of scopes, and these come from verified tokens.
        self._grant = lru_cache(maxsize=256)(self._write_grant)

    def granted(self, scopes: tuple[str, ...], route: Route | None) -> tuple[str, ...]:
        """Return the scopes that a policy is about: those that a route requires, or all. Raises EventMalformed."""
        if route is None:
            return scopes
        if route not in self._required:
            raise EventMalformed("the route must be one of the API's routes")
        required = self._required[route]
        return (required,) if required in scopes else ()

    def document(self, stage: Stage, scopes: tuple[str, ...], expires: int, route: Route | None = None) -> Json:
        """Return the policy for these scopes: an Allow until `expires` plus BACKSTOP, or a Deny if there are none.

        `expires` is in seconds since 1970. With a route, the policy is about nothing else.
        """
        if not scopes:
            return {"Version": VERSION, "Statement": [_deny(stage.prefix + (route.pattern if route else "*"))]}
        resources, guard = ([stage.prefix + route.pattern], []) if route else self._grant(stage, scopes)
        allow = {
            "Effect": "Allow",
            "Action": ACTION,
            "Resource": resources,
            "Condition": {"DateLessThan": {"aws:CurrentTime": rfc3339(expires + BACKSTOP)}},
        }
        return {"Version": VERSION, "Statement": [allow, *guard]}

    def _write_grant(self, stage: Stage, scopes: tuple[str, ...]) -> tuple[list[str], list[Json]]:
        """Return the resources that the scopes allow, and the statement that keeps `*` within a path segment."""
        resources = [each for group in self.groups for each in self.resources(stage, group, scopes)]
        return resources, [_deny(self._start(stage) + GUARD)] if self._encoding.guarded else []

    def resources(self, stage: Stage, group: RouteGroup, scopes: Collection[str]) -> list[str]:
        """Return the resources of one group that the scopes allow."""
        start = self._start(stage)
        return [start + each for each in self._encoding.patterns(group, group.granted(scopes))]

    def _start(self, stage: Stage) -> str:
        return stage.any_region if self._encoding.any_region else stage.prefix


@lru_cache(maxsize=256)
def rfc3339(seconds: int) -> str:
    """Format seconds since 1970 for IAM's date conditions, in UTC. Requests with the same token share the result."""
    return str(msgspec.to_builtins(datetime.fromtimestamp(seconds, UTC)))


def _deny(resource: str) -> Json:
    return {"Effect": "Deny", "Action": ACTION, "Resource": [resource]}
