"""The two renderings of the contract."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from handlers.contract import load_collections, routes
from infra.bundles import ROOT
from infra.documents.errors import gateway_responses
from infra.documents.gateway import GatewayDocument
from infra.documents.preflight import preflight
from infra.documents.published import published_document
from infra.documents.schemas import GATEWAY_KEYWORDS, gateway_schema

ROUTES = routes(load_collections())


def gateway_document(origins: tuple[str, ...] = ("https://a.example",), *, validate: bool = False) -> dict[str, Any]:
    return GatewayDocument(
        title="gatehouse-test-api",
        routes=ROUTES,
        functions={route.name: f"arn:function:{route.name}" for route in ROUTES},
        authorizer="arn:authorizer",
        cache=300,
        cors_origins=origins,
        validate_bodies=validate,
    ).render()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_every_method_of_every_route_reaches_its_function_through_the_authorizer() -> None:
    found = {
        (path, method): operation["x-amazon-apigateway-integration"]["uri"]
        for path, method, operation in operations(gateway_document())
        if method != "options"
    }
    expected = {
        (route.path, method.lower()): f"arn:function:{route.name}"
        for route in ROUTES
        for method in route.operation.methods
    }
    assert found == expected
    for _, method, operation in operations(gateway_document()):
        assert ("security" in operation) == (method != "options")


def test_an_options_method_has_no_authorizer_and_is_there_only_for_browsers() -> None:
    assert [method for _, method, _ in operations(gateway_document(()))].count("options") == 0
    for _, method, operation in operations(gateway_document()):
        if method == "options":
            assert operation["x-amazon-apigateway-integration"]["type"] == "mock"


def test_body_validation_at_the_gateway_is_a_setting() -> None:
    for validate in (False, True):
        validators = gateway_document(validate=validate)["x-amazon-apigateway-request-validators"]
        assert validators == {"request": {"validateRequestParameters": True, "validateRequestBody": validate}}


def test_models_use_only_keywords_that_api_gateway_knows() -> None:
    def keywords(schema: dict[str, Any]) -> Iterator[str]:
        yield from schema
        for each in schema.get("properties", {}).values():
            yield from keywords(each)

    for name, schema in gateway_document()["components"]["schemas"].items():
        assert name.isalnum()
        assert set(keywords(schema)) <= GATEWAY_KEYWORDS


def test_a_keyword_that_api_gateway_would_ignore_is_refused() -> None:
    with pytest.raises(ValueError, match="exclusiveMinimum"):
        gateway_schema({"type": "object", "properties": {"size": {"type": "integer", "exclusiveMinimum": 0}}})


def test_one_origin_is_a_literal_and_several_are_compared() -> None:
    one = preflight(["get"], ("https://a.example",))["x-amazon-apigateway-integration"]["responses"]["default"]
    assert one["responseParameters"]["method.response.header.Access-Control-Allow-Origin"] == "'https://a.example'"
    assert "responseTemplates" not in one
    two = preflight(["get"], ("https://a.example", "https://b.example"))
    response = two["x-amazon-apigateway-integration"]["responses"]["default"]
    assert "method.response.header.Access-Control-Allow-Origin" not in response["responseParameters"]
    assert '["https://a.example", "https://b.example"]' in response["responseTemplates"]["application/json"]


class TestGatewayResponses:
    responses = gateway_responses("realm", ("https://a.example",))

    def test_every_type_that_can_be_customised_has_its_own(self) -> None:
        assert set(self.responses) == {
            "ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE",
            "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN",
            "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE",
            "MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "RESOURCE_NOT_FOUND", "THROTTLED", "UNAUTHORIZED",
            "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED",
        }  # fmt: skip

    @pytest.mark.parametrize("kind", sorted(responses))
    def test_each_is_a_problem_with_cors_headers(self, kind: str) -> None:
        response = self.responses[kind]
        template = response["responseTemplates"]["application/json"]
        body = json.loads(template.replace("$context.error.messageString", '"Missing"'))
        assert {"type", "title", "detail", "request_id"} <= set(body)
        assert body.get("status") == response.get("statusCode")
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://a.example'"

    def test_the_defaults_set_no_status_because_they_stand_for_many(self) -> None:
        assert all("statusCode" not in self.responses[kind] for kind in ("DEFAULT_4XX", "DEFAULT_5XX"))

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            ("UNAUTHORIZED", 401), ("ACCESS_DENIED", 403), ("AUTHORIZER_FAILURE", 503),
            ("AUTHORIZER_CONFIGURATION_ERROR", 503), ("MISSING_AUTHENTICATION_TOKEN", 404), ("THROTTLED", 429),
        ],
    )  # fmt: skip
    def test_the_status_tells_whose_fault_it_is(self, kind: str, status: int) -> None:
        assert self.responses[kind]["statusCode"] == status

    def test_several_origins_are_reflected_and_none_are_not_mentioned(self) -> None:
        name = "gatewayresponse.header.Access-Control-Allow-Origin"
        several = gateway_responses("realm", ("https://a.example", "https://b.example"))["UNAUTHORIZED"]
        assert several["responseParameters"][name] == "method.request.header.Origin"
        assert name not in gateway_responses("realm", ())["UNAUTHORIZED"]["responseParameters"]


class TestPublishedDocument:
    def test_the_committed_file_is_what_the_contract_says(self) -> None:
        committed = json.loads((ROOT / "openapi.json").read_text())
        assert committed == published_document("Gatehouse", ROUTES), "run `make openapi`"

    def test_every_operation_names_its_scope_and_its_problems(self) -> None:
        document = published_document("Gatehouse", ROUTES)
        scopes = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
        for _, _, operation in operations(document):
            ((scope,),) = (need["oauth2"] for need in operation["security"])
            assert scope in scopes
            assert {"401", "403", "503"} <= set(operation["responses"])

    def test_every_reference_leads_somewhere(self) -> None:
        document = published_document("Gatehouse", ROUTES)
        text = json.dumps(document)
        for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
            assert name in document["components"]["schemas"]
