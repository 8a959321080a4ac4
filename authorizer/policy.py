"""The IAM policy for a caller: every route that its scopes allow, as API Gateway caches it for all of them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from authorizer import resource_patterns as patterns
from authorizer.event import Stage
from authorizer.settings import PolicyEncoding, RouteScope

BACKSTOP = 60
"""Seconds after a caller's expiry at which the policy itself ends, should a handler not have looked."""

VERSION = "2012-10-17"
ACTION = "execute-api:Invoke"

Json = dict[str, Any]


class Encoding(msgspec.Struct, frozen=True):
    """A way to write grants: `any_region` leaves region and account to `*`, `guarded` needs GUARD denied."""

    patterns: Callable[[patterns.RouteGroup, frozenset[patterns.Method]], list[str]]
    any_region: bool = False
    guarded: bool = False


ENCODINGS: Mapping[PolicyEncoding, Encoding] = {
    "methods": Encoding(patterns.method_patterns),
    "compact": Encoding(patterns.compact_patterns, guarded=True),
    "compact-any-region": Encoding(patterns.compact_patterns, any_region=True, guarded=True),
}
"""From the plainest to the shortest. A deployment chooses the first whose largest answer API Gateway accepts."""


class Policies:
    """The policies of one API. Raises ValueError for routes that patterns cannot tell apart."""

    def __init__(self, routes: Iterable[RouteScope], encoding: PolicyEncoding = "methods") -> None:
        self.groups = patterns.group_routes(routes)
        self.scopes = frozenset(scope for group in self.groups for scope in group.scopes.values())
        self._encoding = ENCODINGS[encoding]
        # Pure functions of a stage and scopes that were verified: few occur, and all their callers share them.
        self._grant = lru_cache(maxsize=256)(self._write_grant)

    def document(self, stage: Stage, scopes: tuple[str, ...], expires: int) -> Json:
        """The policy for these scopes: Allow of their routes until `expires` and BACKSTOP, or Deny of everything.

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
        """The resources that the scopes allow, and the statement that keeps their patterns to their segments."""
        encoding = self._encoding
        start = stage.any_region if encoding.any_region else stage.prefix
        resources = [start + each for one in self.groups for each in encoding.patterns(one, one.granted(scopes))]
        return resources, [_deny(start + patterns.GUARD)] if encoding.guarded else []


@lru_cache(maxsize=256)
def rfc3339(seconds: int) -> str:
    """A second since 1970 as IAM's date conditions take it, in UTC. Requests of one token ask for the same one."""
    return str(msgspec.to_builtins(datetime.fromtimestamp(seconds, UTC)))


def _deny(resource: str) -> Json:
    return {"Effect": "Deny", "Action": ACTION, "Resource": [resource]}
