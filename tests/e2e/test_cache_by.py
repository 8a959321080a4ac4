"""Policies that API Gateway caches for each token and route, after a change of a running stack that cached by token."""

import base64
import itertools
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from infra import revoke
from infra.packaging.bundles import ROOT
from infra.revoke import Clients, DeployedStack, RevokeRequest
from local import deploy
from local.deploy import Engine
from local.provider import Provider
from local.running_stack import StackOptions, running_stack
from tests.e2e.conftest import Client, two_free_ports
from tests.e2e.gateway_answers import assert_answer
from tests.e2e.test_tokens import BAD

USAGE = {
    "unlisted": "others",
    "plans": [
        {"name": "others", "rate": 100, "burst": 200},
        {"name": "small", "rate": 1, "burst": 2, "clients": {"local": ["slow"]}},
    ],
}
SETTINGS = {
    "rest": {"revocation.enabled": True, "usage": USAGE},
    "http": {"revocation.enabled": True, "api.flavour": "http"},
}
ITEM = {"name": "a"}


@pytest.fixture(scope="module")
def options(engine: Engine, flavour: str, tmp_path_factory: pytest.TempPathFactory) -> StackOptions:
    state = tmp_path_factory.mktemp("state")
    settings = {**SETTINGS[flavour], "authorizer.cacheBy": "token"}
    return StackOptions(root=ROOT, state=state, port=two_free_ports(), engine=engine, settings=settings)


@pytest.fixture(scope="module")
def client(options: StackOptions, flavour: str) -> Iterator[Client]:
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        client = Client(stack, http, flavour=flavour)
        token = client.token("before-the-change")
        created = client.call("POST", "/items", token, json=ITEM)
        assert created.status_code == 201
        by_route = replace(options, settings={**SETTINGS[flavour], "authorizer.cacheBy": "route"})
        deploy.up(options.engine, by_route.target(stack.emulator.endpoint_url))
        for _first_then_cached in range(2):
            assert client.call("GET", f"/items/{created.json()['id']}", token).json() == created.json()
        yield client


@pytest.fixture
def provider(client: Client) -> Provider:
    return Provider(client.stack.emulator.endpoint_url, account=client.stack.emulator.options.account)


def decisions(client: Client, subject: str) -> int:
    """Return the number of decisions that the authorizer made about a client that is named after the subject."""
    lines = client.function_logs().splitlines()
    return sum('"message":"decision"' in line and f'"client":"{subject}"' in line for line in lines)


def test_the_authorizer_is_called_with_the_request_and_caches_by_token_and_route(
    provider: Provider, flavour: str
) -> None:
    client = provider.connection.client
    if flavour == "rest":
        (api,) = client("apigateway").get_rest_apis()["items"]
        (found,) = client("apigateway").get_authorizers(restApiId=api["id"])["items"]
        sources = "method.request.header.Authorization, context.httpMethod, context.resourcePath"
        assert (found["type"], found["identitySource"]) == ("REQUEST", sources)
        assert not found.get("identityValidationExpression")
    else:
        (api,) = client("apigatewayv2").get_apis()["Items"]
        (found,) = client("apigatewayv2").get_authorizers(ApiId=api["ApiId"])["Items"]
        sources = ["$request.header.Authorization", "$context.routeKey"]
        assert (found["AuthorizerType"], found["IdentitySource"]) == ("REQUEST", sources)


@pytest.mark.parametrize("order", list(itertools.permutations(("read", "write", "both"))), ids="-".join)
def test_every_route_has_the_right_answer_in_any_order(client: Client, order: tuple[str, ...]) -> None:
    """Each token is used for all routes, twice, so that the second answers come from cached policies."""
    name = f"ann-{uuid.uuid4()}"
    path = f"/items/{client.call('POST', '/items', client.token(name), json=ITEM).json()['id']}"
    tokens = {
        "read": client.token(name, scope="items:read", client=f"{name}-read"),
        "write": client.token(name, scope="items:write users:read", client=f"{name}-write"),
        "both": client.token(name, client=f"{name}-both"),
    }
    reads = [("GET", path, 200), ("GET", "/items", 200), ("HEAD", path, 200), ("HEAD", "/items", 200)]
    writes = [("POST", "/items", 201), ("PATCH", path, 200), ("PUT", path, 200)]
    for kind in (*order, *order):
        for method, at, expected in (*reads, *writes):
            allowed = kind == "both" or (kind == "write") is (method in ("POST", "PATCH", "PUT"))
            answer = client.call(method, at, tokens[kind], **({"json": ITEM} if method[0] == "P" else {}))
            assert answer.status_code == (expected if allowed else 403), (kind, method, at)
        assert client.call("GET", "/users", tokens[kind]).status_code == (403 if kind == "read" else 200)
        assert client.call("GET", "/events", tokens[kind]).status_code == (200 if kind == "both" else 403)
    for kind in order:
        assert decisions(client, f"{name}-{kind}") == len(reads) + len(writes) + 2


def test_a_cached_policy_covers_all_items_of_a_route(client: Client) -> None:
    name = f"ann-{uuid.uuid4()}"
    token = client.token(name, client=name)
    assert {client.call("GET", f"/items/{uuid.uuid4()}", token).status_code for _ in range(5)} == {404}
    assert decisions(client, name) == 1


def test_a_cached_policy_does_not_outlive_its_token(client: Client) -> None:
    token = client.token(f"short-{uuid.uuid4()}", ttl=4)
    expiry = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["exp"]
    assert [client.call("GET", path, token).status_code for path in ("/items", "/users")] == [200, 200]
    time.sleep(max(0, expiry - time.time()) + 0.05)
    assert [client.call("GET", path, token).status_code for path in ("/items", "/users", "/events")] == [401, 401, 401]


def test_a_revoked_token_is_401_on_every_route_immediately(client: Client, provider: Provider) -> None:
    token, other = client.token("revoked-by-route"), client.token("stays")
    paths = ("/items", "/users", "/events")
    assert {client.call("GET", path, each).status_code for path in paths for each in (token, other)} == {200}
    clients = Clients.of(provider.connection.client)
    request = RevokeRequest(subjects=["revoked-by-route"])
    list(revoke.revoke(DeployedStack.read(ROOT, "local"), clients, request, pause=lambda _: None))
    assert [client.call("GET", path, token).status_code for path in paths] == [401, 401, 401]
    assert [client.call("GET", path, other).status_code for path in paths] == [200, 200, 200]


@pytest.mark.rest_only("HTTP APIs have no usage plans")
def test_a_clients_limits_apply_to_all_its_routes_together(client: Client) -> None:
    token = client.token(client="slow")
    paths = ("/items", "/users", "/events")
    found = [client.call("GET", path, token).status_code for _ in range(4) for path in paths]
    assert found[:2] == [200, 200]
    assert 429 in found[2:]
    assert set(found) == {200, 429}


@pytest.mark.parametrize("name", sorted(BAD))
def test_an_invalid_token_is_401(client: Client, name: str) -> None:
    assert_answer(client.call("GET", "/items", BAD[name](client)), "invalid token", client.flavour)


@pytest.mark.parametrize("value", ["", "Basic YTpi", "Bearer", "Bearer a b", "Bearer a.b"])
def test_a_malformed_header_is_401(client: Client, value: str) -> None:
    assert client.call("GET", "/items", headers={"Authorization": value}).status_code == 401


def test_no_token_is_401(client: Client) -> None:
    assert client.call("GET", "/items").status_code == 401
