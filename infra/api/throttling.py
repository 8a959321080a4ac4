"""Throttling per route: limits for single routes or collections in place of the stage's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from handlers.contract import Route


class Throttle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The limits of each method of a route, over all clients together."""

    throttle_rate: Annotated[
        int, Meta(ge=1, le=100_000, description="Requests per second that are accepted on average.")
    ]
    throttle_burst: Annotated[int, Meta(ge=1, le=100_000, description="Requests that are accepted at once.")]


def throttles(routes: Sequence[Route], limits: Mapping[str, Throttle]) -> dict[tuple[str, str], Throttle]:
    """Return the limits of each (method, path) that has its own: those of its route, else those of its collection."""
    found: dict[tuple[str, str], Throttle] = {}
    for route in routes:
        limit = limits.get(route.name) or limits.get(route.collection.name)
        if limit is not None:
            found |= dict.fromkeys([(method, route.path) for method in route.operation.methods], limit)
    return found


def throttling_problems(routes: Sequence[Route], limits: Mapping[str, Throttle]) -> Iterator[str]:
    """Yield a line for each name that is neither a route's nor a collection's."""
    collections = dict.fromkeys(route.collection.name for route in routes)
    known = [*collections, *(route.name for route in routes)]
    for name in limits:
        if name not in known:
            yield f"gatehouse:api.routes.{name}: unknown route; routes and collections: {', '.join(known)}"
