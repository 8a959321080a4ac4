"""What the gateway's document says about cached responses, API keys in a header, and cross-origin requests."""

import json
from typing import Any

import pytest

from handlers.contract import load_collections, routes
from handlers.cors import CorsPolicy
from infra.api.api_settings import ApiSettings
from infra.api.cors import Cors
from infra.api.response_cache import CacheSettings, CollectionCache
from infra.api.usage_settings import UsagePlan, UsageSettings
from infra.documents.gateway import GatewayDocument
from infra.documents.gateway_responses import gateway_responses

ROUTES = routes(load_collections())
PLAN = UsagePlan(name="a", rate=1, burst=1, clients={"main": ("app",)})
CACHE = CacheSettings(size=0.5, collections={"events": CollectionCache(ttl=60)})
ONE = ("https://a.example",)
TWO = (*ONE, "https://b.example")


def document(*, requires_keys: bool = False, **api: Any) -> dict[str, Any]:
    return GatewayDocument(
        title="t",
        routes=ROUTES,
        functions={route.name: "arn" for route in ROUTES},
        authorizer="a",
        policy_cache=0,
        api=ApiSettings(**api),
        usage=UsageSettings(keys="header", plans=(PLAN,)) if requires_keys else UsageSettings(),
    ).render()


def key_of(found: dict[str, Any], path: str, method: str = "get") -> list[str] | None:
    return found["paths"][path][method]["x-amazon-apigateway-integration"].get("cacheKeyParameters")


class TestResponseCache:
    def test_the_key_has_everything_that_a_response_depends_on(self) -> None:
        found = document(cache=CACHE)
        lists = {"limit", "cursor", "order"} | set(parameters("events"))
        assert set(key_of(found, "/events") or ()) == {
            "method.request.header.Authorization",
            "method.request.header.authorization",
            *(f"method.request.querystring.{name}" for name in lists),
        }
        assert set(key_of(found, "/events/{id}") or ()) == {
            "method.request.header.Authorization", "method.request.header.authorization",
            "method.request.header.If-None-Match", "method.request.header.if-none-match", "method.request.path.id",
        }  # fmt: skip

    @pytest.mark.parametrize(("origins", "varies"), [((), False), (("*",), False), (ONE, True), (TWO, True)])
    def test_the_origin_is_in_the_key_where_a_handlers_headers_depend_on_it(
        self, origins: tuple[str, ...], varies: bool
    ) -> None:
        policy = CorsPolicy(origins=origins)
        responses = [
            policy.headers({"headers": {"Origin": origin}}) for origin in ("https://a.example", "https://c.example")
        ]
        assert (responses[0] != responses[1]) is varies
        key = key_of(document(cache=CACHE, cors_origins=origins), "/events") or ()
        assert ("method.request.header.Origin" in key) is varies
        assert ("method.request.header.origin" in key) is varies

    def test_every_parameter_of_a_key_is_declared(self) -> None:
        """AWS, "AWS::ApiGateway::Method Integration": otherwise it is not valid."""
        places = {"header": "header", "path": "path", "query": "querystring"}
        found = document(cache=CACHE, cors_origins=TWO)
        for path in ("/events", "/events/{id}"):
            declared = found["paths"][path]["get"]["parameters"]
            assert key_of(found, path) == [f"method.request.{places[each['in']]}.{each['name']}" for each in declared]

    def test_only_get_of_the_listed_collections_is_cached(self) -> None:
        found = document(cache=CACHE)
        cached = {
            (path, method)
            for path, methods in found["paths"].items()
            for method in methods
            if key_of(found, path, method) is not None
        }
        assert cached == {("/events", "get"), ("/events/{id}", "get")}


def parameters(collection: str) -> tuple[str, ...]:
    return next(each.list_parameters for each in load_collections() if each.name == collection)


def test_the_read_only_mode_leaves_the_document_as_it_is() -> None:
    assert document(read_only=True) == document()


def test_pages_may_send_their_key_where_clients_send_keys() -> None:
    def allowed(found: dict[str, Any]) -> list[str]:
        response = found["paths"]["/items"]["options"]["x-amazon-apigateway-integration"]["responses"]["default"]
        value: str = response["responseParameters"]["method.response.header.Access-Control-Allow-Headers"]
        return value.strip("'").split(",")

    assert "x-api-key" in allowed(document(requires_keys=True, cors_origins=ONE))
    assert "x-api-key" not in allowed(document(cors_origins=ONE))


def test_a_missing_key_is_named() -> None:
    response = document(requires_keys=True)["x-amazon-apigateway-gateway-responses"]["INVALID_API_KEY"]
    body = json.loads(response["responseTemplates"]["application/json"])
    assert (body["status"], body["detail"]) == (403, "The header x-api-key must contain a valid API key.")


class TestCredentials:
    name = "gatewayresponse.header.Access-Control-Allow-Credentials"

    @pytest.mark.parametrize("kind", ["UNAUTHORIZED", "ACCESS_DENIED", "DEFAULT_5XX"])
    def test_errors_allow_them_only_where_the_origin_is_a_literal(self, kind: str) -> None:
        one, two = (gateway_responses("r", Cors(origins=each, credentials=True))[kind] for each in (ONE, TWO))
        assert one["responseParameters"][self.name] == "'true'"
        assert one["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == f"'{ONE[0]}'"
        assert self.name not in two["responseParameters"]

    def test_no_response_allows_them_unless_the_settings_do(self) -> None:
        assert "Allow-Credentials" not in json.dumps(document(cors_origins=TWO))

    @pytest.mark.parametrize(
        "origin", ["https://c.example", "null", "", "https://a.example.evil", "https://a.example/"]
    )
    def test_handlers_send_nothing_to_other_origins(self, origin: str) -> None:
        policy = CorsPolicy(origins=TWO, exposed_headers=("X-Rate",), credentials=True)
        assert policy.headers({"headers": {"origin": origin}}) == {"Vary": "Origin"}

    def test_handlers_allow_them_and_expose_the_headers_for_an_allowed_origin(self) -> None:
        variables = Cors(origins=TWO, exposed_headers=("X-Rate", "X-More"), credentials=True).environment()
        found = CorsPolicy.read(variables).headers({"headers": {"Origin": TWO[1]}})
        assert found["Access-Control-Allow-Origin"] == TWO[1]
        assert found["Access-Control-Allow-Credentials"] == "true"
        assert found["Access-Control-Expose-Headers"].endswith(", X-Rate, X-More")
