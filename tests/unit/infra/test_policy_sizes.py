"""The permissions of one function for many collections are divided among policies of the sizes that IAM allows."""

import json
from collections.abc import Sequence
from typing import Annotated

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest
from msgspec import Meta

from handlers.contract import Collection, Route, routes
from infra.functions.layouts import RouteGroup, grouped
from infra.functions.policy_sizes import TABLE_ARN, divided
from infra.functions.role_policies import SEND_TRACES, Statement, policy_document
from infra.naming import Names
from tests.unit.infra.test_checks import collection

NAMES = Names("gatehouse", "a-stack-with-a-long-name")
LOG = f"arn:aws-iso-f:logs:us-isof-south-1:000000000000:log-group:/aws/lambda/{'x' * 64}:*"

Granted = set[tuple[str, str]]


def many(number: int) -> list[Collection]:
    """Return collections, every third of which has an index."""
    short = Annotated[str, Meta(max_length=9)]
    return [
        collection(f"c{each:03}", f"C{each:03}", kind=short, filters=("field",) if each % 3 == 0 else ())
        for each in range(number)
    ]


def parts(served: Sequence[Route]) -> list[RouteGroup]:
    (group,) = grouped(served, "single")
    return divided(group, NAMES)


def test_no_partition_and_region_have_longer_names() -> None:
    session = botocore.session.Session()
    longest = max(
        len(partition + region)
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("dynamodb", partition)
    )
    _, partition, _, region, *_ = TABLE_ARN.split(":")
    assert len(partition + region) >= longest


def statements(part: RouteGroup) -> list[Statement]:
    """Return a part's statements with the longest ARNs."""
    return [
        Statement(actions=actions, resources=[f"{TABLE_ARN}{NAMES.resource(name)}{end}" for name, end in resources])
        for actions, resources in part.permissions().items()
    ]


def characters(*found: Statement) -> int:
    return len(json.dumps(policy_document(found), separators=(",", ":")))


def granted(each: RouteGroup) -> Granted:
    return {
        (action, str(resource))
        for statement in statements(each)
        for action in statement.actions
        for resource in statement.resources
    }


@pytest.mark.parametrize(("number", "policies"), [(3, 1), (60, 1), (150, 3), (600, 14)])
def test_every_policy_fits_and_all_together_allow_the_same(number: int, policies: int) -> None:
    served = routes(many(number))
    own, *managed = found = parts(served)
    assert len(found) == policies
    log = Statement(actions=("logs:CreateLogStream", "logs:PutLogEvents"), resources=(LOG,))
    assert characters(log, *statements(own)) + characters(SEND_TRACES) <= 10_240
    assert all(characters(*statements(each)) <= 6_144 for each in managed)
    (whole,) = grouped(served, "single")
    assert sum(len(granted(each)) for each in found) == len(granted(whole))
    assert {pair for each in found for pair in granted(each)} == granted(whole)


def test_policies_are_filled() -> None:
    own, *managed, _ = parts(routes(many(600)))
    assert characters(*statements(own)) > 9_500
    assert all(characters(*statements(each)) > 5_900 for each in managed)


def test_nothing_is_divided_that_fits_into_the_role() -> None:
    for layout in ("operation", "collection"):
        for group in grouped(routes(many(150)), layout):
            (part,) = divided(group, NAMES)
            assert part.routes == group.routes
