"""The resources of a policy: method and path patterns that match the routes granted and no others.

`*` in a resource matches anything, slashes too, and `?` any one character: `*/items*` would match `GET/orders/items1`.
So methods are written out, or as `?` of their exact length: the shortest methods have three letters and no collection's
name is empty, so what `???/items` and `????/items` match begins with a method. Every method that could be meant must be
granted; for `????` those of three letters too, should a gateway take `GET//items` for `GET/items`.

No collection's name is a prefix of another's, so `items*` matches no other collection.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise

import msgspec

from authorizer.settings import RouteScope

METHODS = frozenset({"GET", "PUT", "HEAD", "POST", "PATCH", "DELETE"})
WILD_LENGTHS = frozenset({3, 4})
"""Lengths of methods that `?` may stand for: from five on, they match a short method and a short collection too."""

GUARD = "*/*/*/*"
"""Matches what has more slashes than any route, and so every way in which `*` could reach past its own segment."""


_PATH = re.compile(r"/([A-Za-z0-9_-]+)(/\{[A-Za-z0-9_]+\})?")


class Method(msgspec.Struct, frozen=True):
    """One method on a collection (`GET/items`) or on its items (`GET/items/{id}`)."""

    verb: str
    on_item: bool


class RouteGroup(msgspec.Struct, frozen=True):
    """The calls under one first path segment, each with the scope that allows it."""

    name: str
    scopes: Mapping[Method, str]

    def granted(self, scopes: Collection[str]) -> frozenset[Method]:
        """The calls that these scopes allow."""
        return frozenset(call for call, scope in self.scopes.items() if scope in scopes)


def group_routes(routes: Iterable[RouteScope]) -> tuple[RouteGroup, ...]:
    """The routes by their first path segment.

    Raises ValueError where the patterns could not tell them apart: names that are a prefix of another's, other
    methods, deeper paths, one call with two scopes.
    """
    calls: dict[str, dict[Method, str]] = {}
    for route in routes:
        name, on_item = _place(route.path)
        for method in route.methods:
            if method not in METHODS:
                raise ValueError(f"route {method} {route.path}: the methods are {', '.join(sorted(METHODS))}")
            if calls.setdefault(name, {}).setdefault(Method(method, on_item), route.scope) != route.scope:
                raise ValueError(f"route {method} {route.path} has two scopes")
    names = sorted(calls)
    for first, second in pairwise(names):
        if second.startswith(first):
            raise ValueError(f"collections {first!r} and {second!r}: no name may be a prefix of another")
    return tuple(RouteGroup(name, calls[name]) for name in names)


def _place(path: str) -> tuple[str, bool]:
    """The collection of a path template, and whether the template goes on to an item."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError(f"route {path!r}: a path is /name or /name/{{parameter}}")
    return found[1], found[2] is not None


def method_patterns(group: RouteGroup, granted: frozenset[Method]) -> list[str]:
    """Patterns that name their methods, by letters or by length."""
    found: list[str] = []
    for length in sorted({len(call.verb) for call in granted}):
        existing = [call for call in group.scopes if len(call.verb) == length]
        methods = sorted({call.verb for call in existing})
        shorter = [call for call in group.scopes if len(call.verb) < length]
        if len(methods) > 1 and length in WILD_LENGTHS and granted.issuperset([*existing, *shorter]):
            found.append("?" * length + _path(group.name, existing))
            continue
        for method in methods:
            mine = [call for call in granted if call.verb == method]
            found.extend([method + _path(group.name, mine)] if mine else [])
    return found


def compact_patterns(group: RouteGroup, granted: frozenset[Method]) -> list[str]:
    """The shortest patterns that are right as long as GUARD is denied: then `*` before a path matches a method only."""
    on_items = [call for call in group.scopes if call.on_item]
    mine = [call for call in granted if call.on_item]
    starts = ["*"] if len(mine) == len(on_items) else _starts(on_items, mine)
    short = [f"{start}/{group.name}/*" for start in starts if mine]
    short += method_patterns(
        RouteGroup(group.name, {call: scope for call, scope in group.scopes.items() if not call.on_item}),
        frozenset(call for call in granted if not call.on_item),
    )
    return min(
        short, method_patterns(group, granted), key=lambda patterns: sum(map(len, patterns)) + COST * len(patterns)
    )


COST = 60
"""Characters that a pattern costs besides its own: the stage's ARN before it."""


def _starts(existing: list[Method], granted: list[Method]) -> list[str]:
    """Beginnings of the granted methods with `*`, where every method that begins so is granted; else the methods."""
    methods = {call.verb for call in granted}
    others = {call.verb for call in existing} - methods
    first = {method[0] for method in methods} - {method[0] for method in others}
    return sorted({f"{method[0]}*" if method[0] in first else method for method in methods})


def _path(name: str, calls: list[Method]) -> str:
    """The end of a pattern for calls of the same methods: the collection, its items, or both."""
    kinds = {call.on_item for call in calls}
    return f"/{name}*" if len(kinds) > 1 else f"/{name}/*" if True in kinds else f"/{name}"
