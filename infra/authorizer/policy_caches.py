"""API Gateway's caches of the authorizer's policies: finding and flushing those of a stack."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Flush = Callable[[], object]
"""Flushes one cache. Raises botocore's errors."""


def find_caches(rest: Any, http: Any, name: str, stage: str) -> list[Flush]:
    """Return the caches of the stages of all REST and HTTP APIs with a name.

    A stack has two such APIs while an update changes its flavour, or after that update was interrupted. `rest` and
    `http` are botocore's clients. Raises LookupError if there are several such APIs of one flavour.
    """
    by_flavour = (
        [partial(rest.flush_stage_authorizers_cache, restApiId=api, stageName=stage) for api in _rest_apis(rest, name)],
        [partial(http.reset_authorizers_cache, ApiId=api, StageName=stage) for api in _http_apis(http, name)],
    )
    for found in by_flavour:
        if len(found) > 1:
            raise LookupError(f"found {len(found)} APIs named {name}, so it is not clear whose cache to flush")
    return [flush for found in by_flavour for flush in found]


def _rest_apis(client: Any, name: str) -> Iterator[str]:
    for page in client.get_paginator("get_rest_apis").paginate():
        yield from (api["id"] for api in page.get("items", ()) if api["name"] == name)


def _http_apis(client: Any, name: str) -> Iterator[str]:
    for page in client.get_paginator("get_apis").paginate():
        yield from (api["ApiId"] for api in page.get("Items", ()) if api["Name"] == name)
