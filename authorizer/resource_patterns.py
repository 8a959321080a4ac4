"""The resources of a policy: patterns of method and path that match exactly the granted routes.

In a resource, `*` matches any characters including slashes, and `?` any single one: `*/items*` would match
`GET/orders/items1`. Therefore methods are written in full, or as one `?` for each letter: the shortest methods have
three letters and names of collections are not empty, so whatever `???/items` or `????/items` matches begins with a
method. All methods that a pattern can match must be granted. For `????` these include the methods with three letters,
because a gateway might treat `GET//items` as `GET/items`.

`items*` matches a collection and its items, unless another collection's name begins with `items`: then they have a
pattern each.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import zip_longest

import msgspec

from authorizer.settings import RouteScope

VERBS = frozenset({"GET", "PUT", "HEAD", "POST", "PATCH", "DELETE"})
WILDCARD_LENGTHS = frozenset({3, 4})
"""Lengths of the verbs that may be written as `?`. Five would also match the beginning of `GET/a/items`."""

GUARD = "*/*/*/*"
"""A resource to deny: it matches all paths with more slashes than a route's, so that no `*` spans several segments."""

PREFIX_LENGTH = 60
"""Approximate number of characters of the stage's ARN, which precedes each pattern."""

_PATH = re.compile(r"/([A-Za-z0-9_-]+)(/\{[A-Za-z0-9_]+\})?")


class Method(msgspec.Struct, frozen=True):
    """A method of a collection (`GET/items`) or of its items (`GET/items/{id}`)."""

    verb: str
    on_item: bool


class RouteGroup(msgspec.Struct, frozen=True):
    """The routes with the same first path segment: the scope that allows each method.

    `is_prefix` is whether another group's name begins with this one's.
    """

    name: str
    scopes: Mapping[Method, str]
    is_prefix: bool = False

    def part(self, *, on_item: bool) -> "RouteGroup":
        """Return the routes of the collection, or those of its items."""
        return RouteGroup(self.name, {each: scope for each, scope in self.scopes.items() if each.on_item is on_item})

    def granted(self, scopes: Collection[str]) -> frozenset[Method]:
        """Return the methods that these scopes allow."""
        return frozenset(method for method, scope in self.scopes.items() if scope in scopes)


def group_routes(routes: Iterable[RouteScope]) -> tuple[RouteGroup, ...]:
    """Group routes by their first path segment.

    Raises ValueError for an unknown method, a deeper path, or a method with two scopes.
    """
    groups: dict[str, dict[Method, str]] = {}
    for route in routes:
        name, on_item = _parse_path(route.path)
        for verb in route.methods:
            if verb not in VERBS:
                raise ValueError(f"route {verb} {route.path}: the method must be one of {', '.join(sorted(VERBS))}")
            if groups.setdefault(name, {}).setdefault(Method(verb, on_item), route.scope) != route.scope:
                raise ValueError(f"route {verb} {route.path} must not have two scopes")
    names = sorted(groups)
    # In this order, the names that begin with a name directly follow it.
    following = zip_longest(names, names[1:], fillvalue="")
    return tuple(RouteGroup(name, groups[name], is_prefix=after.startswith(name)) for name, after in following)


def _parse_path(path: str) -> tuple[str, bool]:
    """Return the collection of a path template, and whether the path is that of an item."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError(f"route {path!r}: the path must be /name or /name/{{parameter}}")
    return found[1], found[2] is not None


def method_patterns(group: RouteGroup, granted: frozenset[Method]) -> list[str]:
    """Return patterns that begin with a verb, or with one `?` for each of its letters."""
    parts = [group.part(on_item=False), group.part(on_item=True)] if group.is_prefix else [group]
    return [pattern for part in parts for pattern in _verb_patterns(part, granted.intersection(part.scopes))]


def _verb_patterns(group: RouteGroup, granted: frozenset[Method]) -> list[str]:
    patterns: list[str] = []
    for length in sorted({len(method.verb) for method in granted}):
        existing = [method for method in group.scopes if len(method.verb) == length]
        verbs = sorted({method.verb for method in existing})
        shorter = [method for method in group.scopes if len(method.verb) < length]
        if len(verbs) > 1 and length in WILDCARD_LENGTHS and granted.issuperset([*existing, *shorter]):
            patterns.append("?" * length + _path(group.name, existing))
            continue
        for verb in verbs:
            methods = [method for method in granted if method.verb == verb]
            patterns.extend([verb + _path(group.name, methods)] if methods else [])
    return patterns


def compact_patterns(group: RouteGroup, granted: frozenset[Method]) -> list[str]:
    """Return the shortest patterns that are correct if GUARD is denied, so that a leading `*` matches only verbs."""
    existing = [method for method in group.scopes if method.on_item]
    on_items = [method for method in granted if method.on_item]
    starts = ["*"] if len(on_items) == len(existing) else _starts(existing, on_items)
    short = [f"{start}/{group.name}/*" for start in starts if on_items]
    short += _verb_patterns(group.part(on_item=False), frozenset(each for each in granted if not each.on_item))
    return min(
        short,
        method_patterns(group, granted),
        key=lambda patterns: len("".join(patterns)) + PREFIX_LENGTH * len(patterns),
    )


def _starts(existing: list[Method], granted: list[Method]) -> list[str]:
    """Return each granted verb as its first letter and `*`, or in full if another existing verb has that letter."""
    verbs = {method.verb for method in granted}
    others = {method.verb for method in existing} - verbs
    letters = {verb[0] for verb in verbs} - {verb[0] for verb in others}
    return sorted({f"{verb[0]}*" if verb[0] in letters else verb for verb in verbs})


def _path(name: str, methods: list[Method]) -> str:
    """Return the path of a pattern for methods of the collection, its items, or both."""
    kinds = {method.on_item for method in methods}
    return f"/{name}*" if len(kinds) > 1 else f"/{name}/*" if True in kinds else f"/{name}"
