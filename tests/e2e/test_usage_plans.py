"""Usage plans: each client is counted by itself, whatever tokens it has, and only the authorizer says who it is."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from authorizer.decision import usage_key
from infra.bundles import ROOT
from local.stack import StackOptions, running_stack
from tests.e2e.conftest import ALL_SCOPES, Client, two_free_ports

QUOTA = 5
SLOW = ("slow", "slow-too", "slow-with-tokens", "slow-with-a-key")
PLANS: list[dict[str, Any]] = [
    {"name": "small", "rate": 1, "burst": 2, "clients": {"local": [*SLOW]}},
    {"name": "big", "rate": 100, "burst": 200, "clients": {"local": ["fast"]}},
    {"name": "others", "rate": 100, "burst": 200, "quota": QUOTA, "period": "DAY"},
]
ENOUGH = 12
"""Requests in a row that a plan of one a second and two at once does not let through, unless each takes a second."""


@contextmanager
def client_of_a_stack(state: Path, **usage: Any) -> Iterator[Client]:
    plan = StackOptions(root=ROOT, state=state, port=two_free_ports(), settings={"usage": usage})
    with running_stack(plan, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        yield Client(stack, http)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with client_of_a_stack(tmp_path_factory.mktemp("state"), plans=PLANS, unlisted="others") as client:
        yield client


@pytest.fixture
def fast(client: Client) -> str:
    """A token that has been used, so that nothing of the stack has to start any more."""
    token = client.token(client="fast")
    assert client.call("GET", "/items", token).status_code == 200
    return token


def statuses(client: Client, *tokens: str, **more: Any) -> list[int]:
    """What requests with these tokens, in turn, are answered."""
    return [client.call("GET", "/items", token, **more).status_code for _ in range(ENOUGH) for token in tokens]


def throttled(client: Client, token: str) -> httpx.Response:
    answers = (client.call("GET", "/items", token) for _ in range(ENOUGH))
    return next(answer for answer in answers if answer.status_code != 200)


def decisions(client: Client, name: str) -> int:
    """How often the authorizer itself has decided about a client."""
    lines = client.function_logs().splitlines()
    return sum('"message":"decision"' in line and f'"client":"{name}"' in line for line in lines)


def test_a_client_is_throttled_after_its_burst_while_another_is_not(client: Client, fast: str) -> None:
    found = statuses(client, client.token(client="slow"), fast)
    slow = found[::2]
    assert slow[:2] == [200, 200]
    assert set(slow) == {200, 429}
    assert set(found[1::2]) == {200}


def test_all_of_a_clients_tokens_count_together_also_while_their_policies_are_cached(client: Client, fast: str) -> None:
    tokens = [client.token(f"subject-{number}", client="slow-with-tokens") for number in range(2)]
    found = statuses(client, *tokens)
    assert found[:2] == [200, 200]
    assert 429 in found[2:4]
    assert decisions(client, "slow-with-tokens") == len(tokens)


def test_being_throttled_is_a_problem_that_says_when_to_try_again(client: Client, fast: str) -> None:
    answer = throttled(client, client.token(client="slow-too"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:gatehouse:problem:too-many-requests"


def test_a_key_that_a_client_sends_counts_for_nothing(client: Client, fast: str) -> None:
    """Neither does it put a throttled client into another's plan, nor anybody into a throttled client's."""
    slow = client.token(client="slow-with-a-key")
    others = {name: {"x-api-key": usage_key("gatehouse", "local", "local", name)} for name in ("fast", "slow-too")}
    assert 429 in statuses(client, slow, headers=others["fast"])
    assert throttled(client, client.token(client="slow-too")).status_code == 429
    assert set(statuses(client, fast, headers=others["slow-too"])) == {200}


def test_clients_of_no_plan_share_a_quota(client: Client, fast: str) -> None:
    tokens = [client.token(client=f"stranger-{uuid.uuid4()}") for _ in range(2)]
    assert statuses(client, *tokens) == [200] * QUOTA + [429] * (2 * ENOUGH - QUOTA)
    answer = client.call("GET", "/items", tokens[0])
    assert answer.json()["type"] == "urn:gatehouse:problem:quota-exceeded"
    assert answer.headers["Retry-After"] == "3600"
    assert client.call("GET", "/items", fast).status_code == 200


def test_a_preflight_needs_no_plan(client: Client) -> None:
    assert client.call("OPTIONS", "/items").status_code == 204


def test_clients_of_no_plan_are_refused_where_none_is_for_them(tmp_path: Path) -> None:
    with client_of_a_stack(tmp_path, plans=PLANS[:2]) as client:
        assert client.call("GET", "/items", client.token(client="fast")).status_code == 200
        refused = client.call("GET", "/items", client.token(client="stranger"))
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/problem+json")
    assert refused.json()["detail"] == "The token's scopes do not allow this, or its client has no usage plan."
    assert refused.json()["scope"] == ALL_SCOPES
