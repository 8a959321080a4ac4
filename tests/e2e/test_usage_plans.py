"""Usage plans: each client has its own limits, for all of its tokens, and only the authorizer identifies it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from authorizer.decision import usage_key
from infra.packaging.bundles import ROOT
from local.deploy import Engine
from local.running_stack import StackOptions, running_stack
from tests.e2e.conftest import ALL_SCOPES, Client, two_free_ports

QUOTA = 5
SLOW = ("slow", "slow-too", "slow-with-tokens", "slow-with-a-key")
PLANS: list[dict[str, Any]] = [
    {"name": "small", "rate": 1, "burst": 2, "clients": {"local": [*SLOW]}},
    {"name": "big", "rate": 100, "burst": 200, "clients": {"local": ["fast"]}},
    {"name": "others", "rate": 100, "burst": 200, "quota": QUOTA, "period": "DAY"},
]
ENOUGH = 12
"""Consecutive requests that exceed a rate of 1 per second with a burst of 2, unless each takes a second."""


@contextmanager
def client_of_a_stack(engine: Engine, state: Path, **usage: Any) -> Iterator[Client]:
    options = StackOptions(root=ROOT, state=state, port=two_free_ports(), engine=engine, settings={"usage": usage})
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        yield Client(stack, http)


@pytest.fixture(scope="module")
def client(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with client_of_a_stack(engine, tmp_path_factory.mktemp("state"), plans=PLANS, unlisted="others") as client:
        yield client


@pytest.fixture
def fast(client: Client) -> str:
    """A token that has been used, so that all functions are warm."""
    token = client.token(client="fast")
    assert client.call("GET", "/items", token).status_code == 200
    return token


def statuses(client: Client, *tokens: str, **more: Any) -> list[int]:
    """Return the statuses of requests with these tokens, in turn."""
    return [client.call("GET", "/items", token, **more).status_code for _ in range(ENOUGH) for token in tokens]


def throttled(client: Client, token: str) -> httpx.Response:
    responses = (client.call("GET", "/items", token) for _ in range(ENOUGH))
    return next(response for response in responses if response.status_code != 200)


def decisions(client: Client, name: str) -> int:
    """Return the number of decisions that the authorizer made about a client."""
    lines = client.function_logs().splitlines()
    return sum('"message":"decision"' in line and f'"client":"{name}"' in line for line in lines)


def test_a_client_is_throttled_after_its_burst_while_another_is_not(client: Client, fast: str) -> None:
    found = statuses(client, client.token(client="slow"), fast)
    slow = found[::2]
    assert slow[:2] == [200, 200]
    assert set(slow) == {200, 429}
    assert set(found[1::2]) == {200}


def test_a_clients_tokens_share_its_limits_also_while_their_policies_are_cached(client: Client, fast: str) -> None:
    tokens = [client.token(f"subject-{number}", client="slow-with-tokens") for number in range(2)]
    found = statuses(client, *tokens)
    assert found[:2] == [200, 200]
    assert 429 in found[2:4]
    assert decisions(client, "slow-with-tokens") == len(tokens)


def test_throttling_is_a_problem_with_retry_after(client: Client, fast: str) -> None:
    answer = throttled(client, client.token(client="slow-too"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:gatehouse:problem:too-many-requests"


def test_an_api_key_sent_by_a_client_is_ignored(client: Client, fast: str) -> None:
    """It moves neither a throttled client to another plan, nor another client to the throttled client's plan."""
    slow = client.token(client="slow-with-a-key")
    others = {name: {"x-api-key": usage_key("gatehouse", "local", "local", name)} for name in ("fast", "slow-too")}
    assert 429 in statuses(client, slow, headers=others["fast"])
    assert throttled(client, client.token(client="slow-too")).status_code == 429
    assert set(statuses(client, fast, headers=others["slow-too"])) == {200}


def test_unlisted_clients_share_a_quota(client: Client, fast: str) -> None:
    tokens = [client.token(client=f"stranger-{uuid.uuid4()}") for _ in range(2)]
    assert statuses(client, *tokens) == [200] * QUOTA + [429] * (2 * ENOUGH - QUOTA)
    answer = client.call("GET", "/items", tokens[0])
    assert answer.json()["type"] == "urn:gatehouse:problem:quota-exceeded"
    assert answer.headers["Retry-After"] == "3600"
    assert client.call("GET", "/items", fast).status_code == 200


def test_a_preflight_request_needs_no_plan(client: Client) -> None:
    assert client.call("OPTIONS", "/items").status_code == 204


def test_unlisted_clients_are_rejected_if_there_is_no_plan_for_them(engine: Engine, tmp_path: Path) -> None:
    with client_of_a_stack(engine, tmp_path, plans=PLANS[:2]) as client:
        assert client.call("GET", "/items", client.token(client="fast")).status_code == 200
        rejected = client.call("GET", "/items", client.token(client="stranger"))
    assert (rejected.status_code, rejected.headers["Content-Type"]) == (403, "application/problem+json")
    assert rejected.json()["detail"] == "The token's scopes do not allow this request, or the client has no usage plan."
    assert rejected.json()["scope"] == ALL_SCOPES
