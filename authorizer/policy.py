"""The IAM policy for a caller. It allows every route of the caller's scopes, because API Gateway caches it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from authorizer.event import Stage
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

    def __init__(self, routes: Iterable[RouteScope], encoding: PolicyEncoding = "methods") -> None:
        self.groups = group_routes(routes)
        self.scopes = frozenset(scope for group in self.groups for scope in group.scopes.values())
        self._encoding = ENCODINGS[encoding]
        # Callers have few different sets of scopes, and these come from verified tokens.
        self._grant = lru_cache(maxsize=256)(self._write_grant)

    def document(self, stage: Stage, scopes: tuple[str, ...], expires: int) -> Json:
        """Return the policy for these scopes: an Allow until `expires` plus BACKSTOP, or a Deny if there are none.

        `expires` is in seconds since 1970.
        """
        if not scopes:
            return {"Version": VERSION, "Statement": [_deny(f"{stage.prefix}*")]}
        resources, guard = self._grant(stage, scopes)
        allow = {
            "Effect": "Allow",
            "Action": ACTION,
            "Resource": resources,
            "Condition": {"DateLessThan": {"aws:CurrentTime": rfc3339(expires + BACKSTOP)}},
        }
        return {"Version": VERSION, "Statement": [allow, *guard]}

    def _write_grant(self, stage: Stage, scopes: tuple[str, ...]) -> tuple[list[str], list[Json]]:
        """Return the resources that the scopes allow, and the statement that keeps `*` within a path segment."""
        encoding = self._encoding
        start = stage.any_region if encoding.any_region else stage.prefix
        resources = [start + each for group in self.groups for each in encoding.patterns(group, group.granted(scopes))]
        return resources, [_deny(start + GUARD)] if encoding.guarded else []


@lru_cache(maxsize=256)
def rfc3339(seconds: int) -> str:
    """Format seconds since 1970 for IAM's date conditions, in UTC. Requests with the same token share the result."""
    return str(msgspec.to_builtins(datetime.fromtimestamp(seconds, UTC)))


def _deny(resource: str) -> Json:
    return {"Effect": "Deny", "Action": ACTION, "Resource": [resource]}
