"""Saved queries have every log group of a stack of any size, within CloudWatch's quota, and fields of its flavour."""

from dataclasses import replace
from typing import cast

import pytest

from handlers.contract import load_collections, routes
from infra.api.http_api import HttpApi
from infra.functions.function_settings import FunctionSettings
from infra.monitoring.log_queries import LogQuery, queries
from infra.monitoring.monitored import Monitored
from infra.naming import Names

FIRST = ["/aws/apigateway/gatehouse-prod-access", "/aws/lambda/gatehouse-prod-authorizer"]


def stack(collections: int, *, http: bool = False) -> Monitored:
    """Return a stack with so many collections, each with six functions."""
    gateway = cast("HttpApi", object.__new__(HttpApi) if http else None)
    found = [replace(load_collections()[0], name=f"c{number}") for number in range(collections)]
    names = Names("gatehouse", "prod")
    return Monitored(names, routes(found), FunctionSettings(), gateway, has_denylist=False)


def parts(collections: int, name: str) -> list[LogQuery]:
    return [each for each in queries(stack(collections)) if each.name.partition("-")[0] == name]


@pytest.mark.parametrize(("collections", "number"), [(1, 1), (8, 1), (9, 2), (16, 2), (150, 19)])
def test_a_request_is_searched_in_all_log_groups(collections: int, number: int) -> None:
    found = parts(collections, "request")
    assert len(found) == number
    assert all(each.groups[:2] == FIRST and len(each.groups) <= 50 for each in found)
    handlers = [group for each in found for group in each.groups[2:]]
    assert handlers == [f"/aws/lambda/gatehouse-prod-{each}" for each in stack(collections).handlers]


def test_parts_have_different_names_and_say_how_many_there_are() -> None:
    assert [(each.name, each.title) for each in parts(9, "request")] == [
        ("request", "one request by its id (1 of 2)"), ("request-2", "one request by its id (2 of 2)"),
    ]  # fmt: skip
    assert [each.title for each in parts(8, "problems")] == ["4xx responses by type"]


def test_only_the_access_log_of_a_rest_api_has_the_authorizers_invocation() -> None:
    rest, http = ([each.text for each in queries(stack(1, http=each))] for each in (False, True))
    assert sum("authorizer_" in text for text in rest) == 2
    assert not [text for text in http if "authorizer_" in text]
