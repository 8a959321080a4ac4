"""The cache of responses in a stage, for the GET methods of the collections that a stack lists.

Source: AWS, "Cache settings for REST APIs in API Gateway".
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from handlers.contract import FieldError, Route
from infra.api.cors import Cors

SIZES = (0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237)
"""GB."""
ALLOWED = ", ".join(f"{each:g}" for each in SIZES)

IGNORE = "SUCCEED_WITHOUT_RESPONSE_HEADER"
"""What happens to a request to refresh an entry (`Cache-Control: max-age=0`) without the permission to: the header is
ignored. No policy of the authorizer grants it, so that clients cannot bypass the cache, and reloading a page works."""


class CollectionCache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cache of a collection's responses."""

    ttl: Annotated[int, Meta(ge=1, le=3600, description="Seconds for which a response is returned again.")]


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stage's cache of responses to GET, which costs money per hour. It is always encrypted."""

    size: Annotated[
        Annotated[float, Meta(ge=SIZES[0], le=SIZES[-1])] | None,
        Meta(description=f"Its size in GB: {ALLOWED}. There is no cache unless it is set."),
    ] = None
    collections: Annotated[
        dict[str, CollectionCache], Meta(description="The collections whose responses are cached, by name.")
    ] = {}

    @property
    def cluster_size(self) -> str | None:
        """The size as API Gateway writes it."""
        return None if self.size is None else f"{self.size:g}"

    def ttl(self, route: Route, method: str) -> int | None:
        """Return the seconds for which responses to a method are cached; None if they are not.

        HEAD is never cached: an entry's key is made of the resource and the parameters, so its empty response might be
        returned for GET.
        """
        cached = self.collections.get(route.collection.name)
        return cached.ttl if self.size and cached and method == "GET" else None

    def problems(self) -> Iterator[FieldError]:
        """Yield settings that do not go together."""
        if self.size is not None and self.size not in SIZES:
            yield FieldError("api.cache.size", f"must be one of: {ALLOWED}", self.size)
        if self.collections and self.size is None:
            yield FieldError("api.cache.size", "is required, because collections are listed")
        if self.size is not None and not self.collections:
            yield FieldError("api.cache.collections", "must not be empty, because the cache costs money without effect")


def cache_problems(routes: Sequence[Route], cache: CacheSettings) -> Iterator[str]:
    """Yield a line for each unknown collection."""
    known = list(dict.fromkeys(route.collection.name for route in routes))
    for name in cache.collections:
        if name not in known:
            yield f"gatehouse:api.cache.collections.{name}: unknown collection; collections: {', '.join(known)}"


def varying_headers(route: Route, cors: Cors) -> list[str]:
    """Return the request headers on which a response depends, besides the parameters of the route, in all spellings.

    HTTP/2 clients send names in lower case. AWS does not document that a key finds a header in any spelling, and
    accepts both (DianaIonita/serverless-api-gateway-caching#109). Callers would share an entry if it did not.
    """
    own = [header.name for header in route.operation.request_headers]
    others = ["Authorization", *(["Origin"] if cors.depends_on_origin else [])]
    return [*others, *(name.lower() for name in (*own, *others))]


def cache_key(parameters: Sequence[dict[str, Any]]) -> list[str]:
    """Return a method's parameters as the key of its cache entries: everything on which its response depends."""
    places = {"header": "header", "path": "path", "query": "querystring"}
    return [f"method.request.{places[each['in']]}.{each['name']}" for each in parameters]
