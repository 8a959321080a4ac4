"""The IAM policy for a caller: every route that its scopes allow, as API Gateway caches it for all of them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from authorizer import patterns
from authorizer.claims import MAX_TEXT
from authorizer.errors import PolicyTooLarge
from authorizer.event import Stage
from authorizer.settings import RouteScope

MAX_BYTES = 8000
"""Bytes of an authorizer's whole answer, context included."""

MAX_RESOURCE = 512
"""Characters of a resource ARN."""

BACKSTOP = 60
"""Seconds after a caller's expiry at which the policy itself ends, should a handler not have looked."""

TEXTS = 6
"""How often a text of MAX_TEXT bytes may be in an answer: principal, owner, subject, client, token id, tenant."""

CONTEXT_MARGIN = TEXTS * (2 * MAX_TEXT) + 512
"""More bytes than the answer has besides statements and scopes, were every character of its texts escaped."""

WIDE_STAGE = Stage("aws", "ap-southeast-1", "0" * 12, "a" * 10, "production")
"""A stage with an ARN as long as is to be expected."""

Json = dict[str, Any]


class Form(msgspec.Struct, frozen=True):
    """A way to write the same grants: `anywhere` leaves region and account to `*`, `guarded` needs GUARD denied."""

    patterns: Callable[[patterns.Collection, frozenset[patterns.Call]], list[str]]
    anywhere: bool = False
    guarded: bool = False


FORMS = (
    Form(patterns.pinned),
    Form(patterns.compact, guarded=True),
    Form(patterns.compact, anywhere=True, guarded=True),
)
"""From the plainest to the shortest; the first that fits is taken."""


class Grant(msgspec.Struct, frozen=True):
    """What a set of scopes allows on one stage; `size` is the bytes of its statements."""

    resources: tuple[str, ...]
    guard: str | None
    size: int


class Policies:
    """The policies of one API. Raises ValueError for routes that patterns cannot tell apart."""

    def __init__(self, routes: Iterable[RouteScope]) -> None:
        self._collections = patterns.collections(routes)
        self.scopes = frozenset(scope for collection in self._collections for scope in collection.calls.values())
        # Pure functions of a stage and scopes that were verified: few occur, and all their callers share them.
        self._grants = lru_cache(maxsize=256)(self._write_grants)

    def statements(
        self, stage: Stage, scopes: tuple[str, ...], expires: int, context_size: Callable[[], int]
    ) -> list[Json]:
        """The statements for these scopes: Allow of their routes until `expires` and BACKSTOP, or Deny of everything.

        `context_size` is asked for the bytes of the answer's other parts when it matters. Raises PolicyTooLarge.
        """
        grants = self._grants(stage, scopes)
        grant = grants[0] if grants[0].size + CONTEXT_MARGIN <= MAX_BYTES else _fitting(grants, context_size())
        return statements_of(stage, grant, expires)

    def worst_case_size(self, stage: Stage = WIDE_STAGE) -> int:
        """No less than the bytes of the largest answer for any set of scopes and texts of the longest.

        For a deployment to refuse routes that would not fit in MAX_BYTES. Raises ValueError where a collection has
        more than 8 scopes.
        """
        return min(self._worst_size(form, stage) for form in FORMS)

    def _worst_size(self, form: Form, stage: Stage) -> int:
        texts = TEXTS * MAX_TEXT + 512
        return texts + _size(form, stage, []) + sum(_worst_of(form, stage, each) for each in self._collections)

    def _write_grants(self, stage: Stage, scopes: tuple[str, ...]) -> tuple[Grant, ...]:
        return tuple(_write_grant(form, stage, scopes, self._collections) for form in FORMS)


def statements_of(stage: Stage, grant: Grant, expires: int) -> list[Json]:
    """A grant's statements, which end BACKSTOP seconds after a second since 1970."""
    if not grant.resources:
        return [_statement("Deny", [f"{stage.prefix}*"])]
    allow = _statement("Allow", grant.resources)
    allow["Condition"] = {"DateLessThan": {"aws:CurrentTime": rfc3339(expires + BACKSTOP)}}
    return [allow] if grant.guard is None else [allow, _statement("Deny", [grant.guard])]


def worst_case_size(routes: Iterable[RouteScope], stage: Stage = WIDE_STAGE) -> int:
    """No less than the bytes of the largest answer for these routes, for any set of scopes: see MAX_BYTES."""
    return Policies(routes).worst_case_size(stage)


def rfc3339(seconds: int) -> str:
    """A second since 1970 as IAM's date conditions take it, in UTC."""
    return str(msgspec.to_builtins(datetime.fromtimestamp(seconds, UTC)))


def _write_grant(form: Form, stage: Stage, scopes: tuple[str, ...], among: Iterable[patterns.Collection]) -> Grant:
    start = stage.anywhere if form.anywhere else stage.prefix
    found = [pattern for each in among for pattern in form.patterns(each, each.granted(scopes))]
    resources = tuple(start + pattern for pattern in found)
    if any(len(resource) > MAX_RESOURCE for resource in resources):
        raise PolicyTooLarge("a resource is too long")
    guard = start + patterns.GUARD if form.guarded else None
    return Grant(resources, guard, _size(form, stage, found) + len(" ".join(scopes)))


def _size(form: Form, stage: Stage, found: list[str]) -> int:
    """Bytes of the statements with these patterns, and of the document around them."""
    start = stage.anywhere if form.anywhere else stage.prefix
    allow = _statement("Allow", [start + pattern for pattern in found])
    allow["Condition"] = {"DateLessThan": {"aws:CurrentTime": rfc3339(0)}}
    guard = [_statement("Deny", [start + patterns.GUARD])] if form.guarded else []
    return len(msgspec.json.encode({"policyDocument": document([allow, *guard])}))


def _worst_of(form: Form, stage: Stage, collection: patterns.Collection) -> int:
    """The most bytes that one collection adds to an answer, over all sets of its scopes."""
    scopes = sorted(set(collection.calls.values()))
    if len(scopes) > 8:  # noqa: PLR2004 -- 256 sets
        raise ValueError(f"collection {collection.name!r} has more than 8 scopes")
    sets = ([scope for bit, scope in enumerate(scopes) if number >> bit & 1] for number in range(1 << len(scopes)))
    nothing = _size(form, stage, [])
    return max(
        _size(form, stage, form.patterns(collection, collection.granted(some))) - nothing + 1 + len(" ".join(some)) + 1
        for some in sets
    )


def _fitting(grants: tuple[Grant, ...], rest: int) -> Grant:
    for grant in grants:
        if grant.size + rest <= MAX_BYTES:
            return grant
    raise PolicyTooLarge("the policy is larger than API Gateway takes")


def _statement(effect: str, resources: Iterable[str]) -> Json:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": list(resources)}


def document(statements: list[Json]) -> Json:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": statements}
