"""The policy allows a route if and only if its scope was granted, according to an independent IAM evaluator."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from authorizer.claims import Caller
from authorizer.decision import decide
from authorizer.event import Route, Stage
from authorizer.policy import ENCODINGS, Policies
from authorizer.settings import DeploymentSettings, PolicyEncoding
from infra.checks.response_size import MAX_BYTES, REQUEST_ID, ResponseTooLarge, choose_encoding, response_size
from tests.security.iam import PYTHON, Evaluator
from tests.unit.authorizer import provider
from tests.unit.authorizer.provider import Harness, event, routes, token

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="the emulator's environment is not installed")

bounded = settings(max_examples=60)

NAMES = ("items", "users", "o", "xy", "ids", "get", "long-name_2", "item", "itemsets", "oo")
"""With the shortest possible names, which one `?` too many would match, and names that others begin with."""

SCOPES = sorted(f"{name}:{verb}" for name in NAMES for verb in ("read", "write"))
STAGE = Stage.of("aws", "eu-central-1", "123456789012", "abcdefghij", "prod")
ROUTES = routes(*NAMES)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

PLAIN_IDS = (
    "1", "0198c0de-0000-7000-8000-000000000000", "items", "items1", "users", "o", "xy", "*", "?", "%2Fitems%2F1", "..",
    "GET", "get", "a:abcdefghij", "$default", "é",
)  # fmt: skip
SLASHED_IDS = (
    "a/items/b", "items/1", "/items", "GET/items", "x:abcdefghij/prod/GET/items", "x:abcdefghij/prod/GET/items/1",
    "x:abcdefghij/prod/DELETE/users/1", "../items/1", "a/b/c",
)  # fmt: skip
"""Ids that would matter if the gateway decoded slashes before it evaluates the policy."""

FOREIGN = (
    "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/dev/GET/items",
    "arn:aws:execute-api:eu-central-1:123456789012:abcdefghik/prod/GET/items",
    "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/prod/GET/nothing",
    "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/prod/GET/Items",
    "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/prod/OPTIONS/items",
    "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/prod/",
    "arn:aws-cn:execute-api:eu-central-1:123456789012:abcdefghij/prod/GET/items",
    "arn:aws:s3:::abcdefghij/prod/GET/items",
)


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as running:
        yield running


def resources_of(ids: tuple[str, ...]) -> dict[str, str]:
    """Return the resource of every request with these ids, and the scope that it requires."""
    found: dict[str, str] = {}
    for route in ROUTES:
        for method in route.methods:
            for name in ids if "{id}" in route.path else ("",):
                found[f"{STAGE.prefix}{method}{route.path.replace('{id}', name)}"] = route.scope
    return found


def policy_of(encoding: PolicyEncoding, scopes: tuple[str, ...], expires: float) -> dict[str, Any]:
    """Return the policy in one encoding."""
    policy = Policies(ROUTES, encoding).document(STAGE, scopes, int(expires))
    assert policy["Statement"]
    return policy


@pytest.mark.parametrize("encoding", ENCODINGS)
class TestGrants:
    @bounded
    @given(scopes=st.sets(st.sampled_from(SCOPES)))
    def test_a_route_is_allowed_if_and_only_if_its_scope_was_granted(
        self, evaluator: Evaluator, encoding: PolicyEncoding, scopes: set[str]
    ) -> None:
        policy = policy_of(encoding, tuple(sorted(scopes)), time.time() + 60)
        routes = resources_of(PLAIN_IDS)
        granted = {resource for resource, scope in routes.items() if scope in scopes}
        assert evaluator.allowed(policy, routes) == granted

    @bounded
    @given(scopes=st.sets(st.sampled_from(SCOPES)))
    def test_no_id_grants_access_to_another_collection(
        self, evaluator: Evaluator, encoding: PolicyEncoding, scopes: set[str]
    ) -> None:
        policy = policy_of(encoding, tuple(sorted(scopes)), time.time() + 60)
        routes = resources_of(SLASHED_IDS)
        granted = {resource for resource, scope in routes.items() if scope in scopes}
        assert evaluator.allowed(policy, routes) <= granted

    @bounded
    @given(scopes=st.sets(st.sampled_from(SCOPES), min_size=1), text=st.text(min_size=1, max_size=30), data=st.data())
    def test_no_text_as_an_id_grants_access_to_another_collection(
        self, evaluator: Evaluator, encoding: PolicyEncoding, scopes: set[str], text: str, data: st.DataObject
    ) -> None:
        target = data.draw(st.sampled_from(NAMES))
        policy = policy_of(encoding, tuple(sorted(scopes)), time.time() + 60)
        routes = resources_of(
            (text, f"{text}/{target}", f"{text}/{target}/{text}", f"{target}{text}", f"{target}/{text}")
        )
        granted = {resource for resource, scope in routes.items() if scope in scopes}
        assert evaluator.allowed(policy, routes) <= granted

    @pytest.mark.parametrize("scopes", [tuple(SCOPES), ("items:read",), ("items:read", "items:write")])
    def test_nothing_outside_the_stage_and_its_routes_is_allowed(
        self, evaluator: Evaluator, encoding: PolicyEncoding, scopes: tuple[str, ...]
    ) -> None:
        assert evaluator.allowed(policy_of(encoding, scopes, time.time() + 60), FOREIGN) == set()

    @bounded
    @given(scopes=st.sets(st.sampled_from(SCOPES)))
    def test_an_empty_segment_grants_nothing_more(
        self, evaluator: Evaluator, encoding: PolicyEncoding, scopes: set[str]
    ) -> None:
        policy = policy_of(encoding, tuple(sorted(scopes)), time.time() + 60)
        doubled = {
            resource.replace(f"/{name}", f"//{name}"): scope
            for resource, scope in resources_of(("1",)).items()
            for name in NAMES
            if f"/{name}" in resource
        }
        granted = {resource for resource, scope in doubled.items() if scope in scopes}
        assert evaluator.allowed(policy, doubled) <= granted

    def test_nothing_is_allowed_after_the_backstop(self, evaluator: Evaluator, encoding: PolicyEncoding) -> None:
        routes = resources_of(PLAIN_IDS)
        assert evaluator.allowed(policy_of(encoding, tuple(SCOPES), time.time() - 30), routes) == set(routes)
        assert evaluator.allowed(policy_of(encoding, tuple(SCOPES), time.time() - 61), routes) == set()


EVERY_ROUTE = {Route(method, route.path): route.scope for route in ROUTES for method in route.methods}


def requests_of(route: Route, ids: tuple[str, ...]) -> set[str]:
    """Return the resources of requests for the route, with these ids."""
    resource = f"{STAGE.prefix}{route.method}{route.path}"
    return {resource.replace("{id}", name) for name in ids}


class TestRouteGrants:
    """A policy that is cached for one route."""

    @bounded
    @given(scopes=st.sets(st.sampled_from(SCOPES)), route=st.sampled_from(list(EVERY_ROUTE)))
    def test_it_allows_its_route_if_and_only_if_the_scope_was_granted_and_nothing_else(
        self, evaluator: Evaluator, scopes: set[str], route: Route
    ) -> None:
        policies = Policies(ROUTES)
        granted = policies.granted(tuple(sorted(scopes)), route)
        policy = policies.document(STAGE, granted, int(time.time()) + 60, route)
        expected = requests_of(route, PLAIN_IDS) if EVERY_ROUTE[route] in scopes else set[str]()
        assert evaluator.allowed(policy, [*resources_of(PLAIN_IDS), *FOREIGN]) == expected

    @bounded
    @given(route=st.sampled_from(list(EVERY_ROUTE)), text=st.text(min_size=1, max_size=30))
    @example(route=Route("GET", "/items/{id}"), text="\n")
    def test_no_text_as_an_id_grants_access_to_another_route(
        self, evaluator: Evaluator, route: Route, text: str
    ) -> None:
        policy = Policies(ROUTES).document(STAGE, (EVERY_ROUTE[route],), int(time.time()) + 60, route)
        ids = (*SLASHED_IDS, text, f"{text}/items/{text}")
        found = evaluator.allowed(policy, resources_of(ids))
        same = f"{STAGE.prefix}{route.method}/{route.path.split('/')[1]}/"
        assert found == {each for each in resources_of(ids) if each in requests_of(route, ids)}
        assert all(each.startswith(same) or each == same[:-1] for each in found)

    def test_nothing_is_allowed_after_the_backstop(self, evaluator: Evaluator) -> None:
        for route, scope in EVERY_ROUTE.items():
            expired = Policies(ROUTES).document(STAGE, (scope,), int(time.time()) - 61, route)
            assert evaluator.allowed(expired, requests_of(route, PLAIN_IDS)) == set()


LARGE = routes(
    "accounts", "addresses", "bookings", "carts", "categories", "comments", "contracts", "coupons", "customers",
    "deliveries", "devices", "documents", "employees", "events", "invoices", "items", "messages", "orders", "payments",
    "products", "reviews", "shipments", "suppliers", "tickets", "users",
)  # fmt: skip
"""25 collections of eight calls: 200 routes."""

LARGE_SCOPES = sorted({route.scope for route in LARGE})


@pytest.fixture(scope="module")
def large() -> DeploymentSettings:
    """Return the settings of a deployment with 200 routes, whose tokens have a tenant."""
    policy = provider.settings(routes=LARGE, issuers=(provider.issuer(tenant_claim="org"),))
    return msgspec.structs.replace(policy, policy_encoding=choose_encoding(policy, STAGE))


def authorizer_output(policy: DeploymentSettings, scopes: tuple[str, ...], text: str = "x" * 36) -> Any:
    caller = Caller("main", text, text, text, text, scopes, int(time.time()) + 60, None)
    policies = Policies(policy.routes, policy.policy_encoding)
    return decide(policy, policies, STAGE, caller, None).with_id(REQUEST_ID)


class TestTwoHundredRoutes:
    def test_there_are_two_hundred(self) -> None:
        assert sum(len(route.methods) for route in LARGE) == 200

    @bounded
    @given(scopes=st.sets(st.sampled_from(LARGE_SCOPES), min_size=20))
    def test_the_output_fits_for_every_set_of_scopes(
        self, evaluator: Evaluator, large: DeploymentSettings, scopes: set[str]
    ) -> None:
        output = authorizer_output(large, tuple(sorted(scopes)), text="x" * 255)
        assert response_size(output) <= MAX_BYTES
        resources = {
            f"{STAGE.prefix}{method}{route.path.replace('{id}', 'items1')}": route.scope
            for route in LARGE
            for method in route.methods
        }
        granted = {resource for resource, scope in resources.items() if scope in scopes}
        assert evaluator.allowed(output["policyDocument"], resources) == granted

    @pytest.mark.parametrize("omitted", range(0, 25, 6))
    @pytest.mark.parametrize("verbs", [("read",), ("write",), ("read", "write")])
    def test_the_output_fits_without_one_collection(
        self, large: DeploymentSettings, omitted: int, verbs: tuple[str, ...]
    ) -> None:
        names = sorted({scope.partition(":")[0] for scope in LARGE_SCOPES})
        del names[omitted]
        scopes = tuple(sorted(f"{name}:{verb}" for name in names for verb in verbs))
        assert response_size(authorizer_output(large, scopes, text="x" * 255)) <= MAX_BYTES

    def test_too_many_routes_are_rejected_at_deployment(self) -> None:
        larger = provider.settings(routes=routes(*(f"collection{number:03}" for number in range(60))))
        with pytest.raises(ResponseTooLarge, match="use fewer collections or shorter names"):
            choose_encoding(larger, STAGE)


def test_the_authorizers_output_allows_what_the_token_grants(evaluator: Evaluator) -> None:
    now = int(time.time())
    harness = Harness()
    harness.clock.wall = now
    output = harness.authorizer(event(token(exp=now + 60, iat=now)), None)
    resources = {
        f"{provider.STAGE}{method}/{name}{path}": name
        for method in METHODS
        for name in ("items", "users", "orders")
        for path in ("", "/1")
    }
    found = evaluator.allowed(output["policyDocument"], resources)
    assert {resource.removeprefix(provider.STAGE) for resource in found if "users" in resource} == {
        "GET/users",
        "GET/users/1",
        "HEAD/users",
        "HEAD/users/1",
    }
    assert not [resource for resource in found if "orders" in resource]
