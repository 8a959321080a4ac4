"""The two OpenAPI documents of the contract."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from authorizer.settings import CacheBy
from handlers.contract import Collection, Route, load_collections, routes
from handlers.contract.headers import EXPOSED_HEADERS
from handlers.contract.operation import HANDLER_PROBLEMS
from handlers.contract.problem import ALREADY_EXISTS
from handlers.cors import CorsPolicy
from handlers.cursor import decode_cursor
from handlers.list_parameters import selection_of
from handlers.store import Position
from infra.api.api_settings import ApiSettings
from infra.api.cors import Cors
from infra.api.usage_settings import UsagePlan, UsageSettings
from infra.documents.gateway import GatewayDocument
from infra.documents.gateway_responses import gateway_problems, gateway_responses
from infra.documents.gateway_security import TOKEN_EXPRESSION
from infra.documents.http_gateway import HttpGatewayDocument
from infra.documents.openapi import openapi_document
from infra.documents.preflight import preflight
from infra.documents.response_schemas import EXAMPLE_CURSOR, EXAMPLE_ID, EXAMPLE_TIME
from infra.documents.responses import HEADERS
from infra.documents.schemas import GATEWAY_KEYWORDS, REFERENCE, gateway_schema
from infra.packaging.bundles import ROOT
from tests.unit.handlers.meetings import COLLECTION as MEETINGS

ROUTES = routes(load_collections())


PLAN = UsagePlan(name="small", rate=1, burst=2, clients={"main": ("slow",)})


def gateway_document(
    origins: tuple[str, ...] = ("https://a.example",),
    *,
    validate: bool = False,
    usage: UsageSettings | None = None,
    cache_by: CacheBy = "token",
) -> dict[str, Any]:
    return GatewayDocument(
        title="gatehouse-test-api",
        routes=ROUTES,
        functions={route.name: f"arn:function:{route.name}" for route in ROUTES},
        authorizer="arn:authorizer",
        policy_cache=300,
        cache_by=cache_by,
        api=ApiSettings(cors_origins=origins, validate_bodies=validate),
        usage=usage or UsageSettings(),
    ).render()


def in_plain_openapi(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without the greedy path, which only API Gateway supports."""
    return json.loads(json.dumps(document).replace("/{proxy+}", "/{proxy}"))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def integration(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """Return an operation's integration, which may be shared."""
    found = operation["x-amazon-apigateway-integration"]
    shared = document["components"].get("x-amazon-apigateway-integrations", {})
    return shared[found["$ref"].rpartition("/")[2]] if "$ref" in found else found


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


def test_options_methods_have_no_authorizer_and_exist_only_for_allowed_origins() -> None:
    assert [method for _, method, _ in operations(gateway_document(()))].count("options") == 0
    for _, method, operation in operations(gateway_document()):
        if method == "options":
            assert operation["x-amazon-apigateway-integration"]["type"] == "mock"


def test_a_preflight_for_any_other_path_allows_every_method_of_the_api() -> None:
    paths = gateway_document()["paths"]
    methods = "'DELETE,GET,HEAD,PATCH,POST,PUT'"
    for path in ("/", "/{proxy+}"):
        assert set(paths[path]) == {"options"}
        response = paths[path]["options"]["x-amazon-apigateway-integration"]["responses"]["default"]
        assert response["responseParameters"]["method.response.header.Access-Control-Allow-Methods"] == methods
    assert not {"/", "/{proxy+}"} & set(gateway_document(())["paths"])


def http_document(cache_by: CacheBy = "token", functions: dict[str, str] | None = None) -> dict[str, Any]:
    return HttpGatewayDocument(
        title="gatehouse-test-api",
        routes=ROUTES,
        functions=functions or {route.name: f"arn:function:{route.name}" for route in ROUTES},
        authorizer="arn:authorizer",
        policy_cache=60,
        cache_by=cache_by,
    ).render()


class TestHttpApi:
    document = http_document()

    def test_it_has_the_routes_of_the_rest_api_without_preflights(self) -> None:
        def targets(document: dict[str, Any]) -> dict[tuple[str, str], str]:
            return {
                (path, method): integration(document, operation)["uri"]
                for path, method, operation in operations(document)
                if method != "options"
            }

        assert targets(self.document) == targets(gateway_document())
        assert all(method != "options" for _, method, _ in operations(self.document))

    def test_every_operation_requires_the_authorizer_and_sends_events_with_payload_format_2(self) -> None:
        for _, _, operation in operations(self.document):
            assert operation["security"] == [{"bearer": []}]
            assert integration(self.document, operation)["payloadFormatVersion"] == "2.0"

    def test_routes_of_one_function_share_an_integration(self) -> None:
        functions = {route.name: f"arn:function:{route.collection.name}" for route in ROUTES}
        document = http_document(functions=functions)
        shared = document["components"]["x-amazon-apigateway-integrations"]
        assert sorted(each["uri"] for each in shared.values()) == sorted(set(functions.values()))
        for path, _, operation in operations(document):
            assert integration(document, operation)["uri"] == f"arn:function:{path.split('/')[1]}"

    @pytest.mark.parametrize(
        ("cache_by", "sources"),
        [
            ("token", ["$request.header.Authorization"]),
            ("route", ["$request.header.Authorization", "$context.routeKey"]),
        ],
    )
    def test_policies_are_cached_for_each_token_or_for_each_token_and_route(
        self, cache_by: CacheBy, sources: list[str]
    ) -> None:
        (scheme,) = http_document(cache_by)["components"]["securitySchemes"].values()
        assert scheme["x-amazon-apigateway-authorizer"] == {
            "type": "request",
            "authorizerUri": "arn:authorizer",
            "authorizerPayloadFormatVersion": "2.0",
            "authorizerResultTtlInSeconds": 60,
            "enableSimpleResponses": False,
            "identitySource": sources,
        }

    def test_it_is_valid_openapi_that_promises_no_validation(self) -> None:
        OpenAPIV30SpecValidator(self.document).validate()
        for _, _, operation in operations(self.document):
            assert "requestBody" not in operation
            assert all(each["in"] == "path" for each in operation.get("parameters", []))


def test_policies_are_cached_for_each_token_or_for_each_token_and_route() -> None:
    by_token = gateway_document()["components"]["securitySchemes"]["bearer"]
    by_route = gateway_document(cache_by="route")["components"]["securitySchemes"]["bearer"]
    common = {"authorizerUri": "arn:authorizer", "authorizerResultTtlInSeconds": 300}
    assert by_token["name"] == "Authorization"
    assert by_token["x-amazon-apigateway-authorizer"] == {
        **common,
        "type": "token",
        "identityValidationExpression": TOKEN_EXPRESSION,
    }
    assert by_route["name"] == "Unused"
    assert by_route["x-amazon-apigateway-authorizer"] == {
        **common,
        "type": "request",
        "identitySource": "method.request.header.Authorization, context.httpMethod, context.resourcePath",
    }


class TestUsagePlans:
    shared = UsageSettings(plans=(PLAN,), unlisted="small")
    refusing = UsageSettings(plans=(PLAN,))

    def test_every_method_except_preflights_requires_the_key_that_the_authorizer_returns(self) -> None:
        document = gateway_document(usage=self.shared)
        for _, method, operation in operations(document):
            assert operation.get("security", []) == ([] if method == "options" else [{"bearer": []}, {"api_key": []}])
        assert document["components"]["securitySchemes"]["api_key"] == {
            "type": "apiKey",
            "name": "x-api-key",
            "in": "header",
        }
        OpenAPIV30SpecValidator(in_plain_openapi(document)).validate()

    def test_no_key_is_mentioned_without_plans(self) -> None:
        document = gateway_document()
        assert set(document["components"]["securitySchemes"]) == {"bearer"}
        assert all(operation.get("security") in (None, [{"bearer": []}]) for _, _, operation in operations(document))
        assert not [text for text in ("api-key", "api_key") if text in json.dumps(document)]

    def test_plans_change_nothing_else(self) -> None:
        document = gateway_document(usage=self.shared)
        del document["components"]["securitySchemes"]["api_key"]
        for _, _, operation in operations(document):
            if "security" in operation:
                operation["security"].remove({"api_key": []})
        assert document == gateway_document()

    def denial(self, usage: UsageSettings) -> dict[str, Any]:
        responses = gateway_document(usage=usage)["x-amazon-apigateway-gateway-responses"]
        return json.loads(responses["ACCESS_DENIED"]["responseTemplates"]["application/json"])

    def test_a_denial_names_exactly_the_possible_reasons(self) -> None:
        for usage in (UsageSettings(), self.shared):
            assert self.denial(usage)["type"] == "urn:gatehouse:problem:insufficient-scope"
            assert self.denial(usage)["detail"] == "The token's scopes do not allow this request."
        refused = self.denial(self.refusing)
        assert refused["type"] == "urn:gatehouse:problem:forbidden"
        assert refused["detail"] == "The token's scopes do not allow this request, or the client has no usage plan."
        assert refused["scope"] == "$context.authorizer.scope"


def test_body_validation_at_the_gateway_is_a_setting() -> None:
    for validate in (False, True):
        validators = gateway_document(validate=validate)["x-amazon-apigateway-request-validators"]
        assert validators == {"request": {"validateRequestParameters": True, "validateRequestBody": validate}}


def keywords(schema: dict[str, Any]) -> Iterator[str]:
    yield from schema
    for each in schema.get("properties", {}).values():
        yield from keywords(each)
    if "items" in schema:
        yield from keywords(schema["items"])


class TestModels:
    def test_their_names_are_alphanumeric_and_api_gateway_supports_their_keywords(self) -> None:
        """AWS, "Amazon API Gateway important notes": draft 4, except for the keywords listed there."""
        allowed = {
            "$ref", "description", "enum", "items", "maxLength", "maximum", "minLength", "minimum", "pattern",
            "properties", "required", "type",
        }  # fmt: skip
        assert allowed == GATEWAY_KEYWORDS
        for name, schema in gateway_document()["components"]["schemas"].items():
            assert name.isalnum()
            assert set(keywords(schema)) <= allowed

    def test_keywords_that_the_gateway_warns_about_or_ignores_are_left_out(self) -> None:
        size = {"type": "integer", "maximum": 9, "default": 1}
        sizes = {"type": "array", "items": size, "minItems": 1}
        schema = {"type": "object", "title": "A", "properties": {"sizes": sizes}, "additionalProperties": False}
        kept = {"type": "array", "items": {"type": "integer", "maximum": 9}}
        assert gateway_schema(schema) == {"type": "object", "properties": {"sizes": kept}}

    def test_an_unsupported_keyword_is_rejected(self) -> None:
        for properties in ({"size": {"exclusiveMinimum": 0}}, {"sizes": {"items": {"exclusiveMinimum": 0}}}):
            with pytest.raises(ValueError, match="exclusiveMinimum"):
                gateway_schema({"type": "object", "properties": properties})

    def test_a_field_may_have_the_name_of_a_keyword(self) -> None:
        fields = {name: {"type": "string"} for name in ("default", "format", "items", "title", "anyOf")}
        schema = {"type": "object", "properties": fields}
        assert gateway_schema(schema) == schema

    def test_there_is_one_for_each_whole_body_and_none_for_a_patch(self) -> None:
        found = {
            operation["operationId"]: operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            for _, _, operation in operations(gateway_document())
            if "requestBody" in operation
        }
        names = {route.name: route.body_model.__name__ for route in ROUTES if route.operation.body == "whole"}
        assert found == {name: REFERENCE.format(name=model) for name, model in names.items()}


class TestImport:
    """The documented causes of warnings, on which imports fail."""

    def test_the_document_is_valid_openapi(self) -> None:
        for origins in ((), ("https://a.example",), ("https://a.example", "https://b.example")):
            OpenAPIV30SpecValidator(in_plain_openapi(gateway_document(origins))).validate()

    def test_parameters_contain_only_what_api_gateway_supports(self) -> None:
        for _, _, operation in operations(gateway_document()):
            for parameter in operation.get("parameters", ()):
                assert set(parameter) == {"name", "in", "required", "schema"}
                assert parameter["in"] in {"path", "query", "header"}
                assert parameter["schema"] == {"type": "string"}

    def test_responses_are_neither_references_nor_defaults(self) -> None:
        for _, _, operation in operations(gateway_document()):
            for status, response in operation["responses"].items():
                assert status.isdigit()
                assert "$ref" not in response

    def test_a_status_is_a_string(self) -> None:
        document = gateway_document()
        for response in document["x-amazon-apigateway-gateway-responses"].values():
            assert isinstance(response.get("statusCode", ""), str)


def test_one_origin_is_a_literal_and_several_are_compared() -> None:
    one = preflight(["get"], Cors(origins=("https://a.example",)))["x-amazon-apigateway-integration"]["responses"][
        "default"
    ]
    assert one["responseParameters"]["method.response.header.Access-Control-Allow-Origin"] == "'https://a.example'"
    assert "responseTemplates" not in one
    two = preflight(["get"], Cors(origins=("https://a.example", "https://b.example")))
    response = two["x-amazon-apigateway-integration"]["responses"]["default"]
    assert "method.response.header.Access-Control-Allow-Origin" not in response["responseParameters"]
    assert '["https://a.example", "https://b.example"]' in response["responseTemplates"]["application/json"]


class TestGatewayResponses:
    responses = gateway_responses("realm", Cors(origins=("https://a.example",)))

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
        assert str(body.get("status")) == str(response.get("statusCode"))
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://a.example'"

    def test_the_defaults_have_no_status_because_they_stand_for_many(self) -> None:
        assert all("statusCode" not in self.responses[kind] for kind in ("DEFAULT_4XX", "DEFAULT_5XX"))

    def test_the_schema_says_when_the_status_is_missing(self) -> None:
        problem = openapi()["components"]["schemas"]["Problem"]
        without = [kind for kind, each in self.responses.items() if '"status"' not in str(each["responseTemplates"])]
        assert without == ["DEFAULT_4XX", "DEFAULT_5XX"]
        assert "status" not in problem["required"]
        assert "Missing only where API Gateway" in problem["properties"]["status"]["description"]

    @pytest.mark.parametrize("kind", sorted(responses))
    def test_scripts_may_read_the_same_headers_of_errors_as_of_other_responses(self, kind: str) -> None:
        origin = "https://a.example"
        headers = self.responses[kind]["responseParameters"]
        handlers = CorsPolicy(origins=(origin,)).headers({"headers": {"origin": origin}})
        errors = {name: headers[f"gatewayresponse.header.{name}"].strip("'") for name in handlers}
        assert errors == handlers

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            ("UNAUTHORIZED", 401), ("ACCESS_DENIED", 403), ("AUTHORIZER_FAILURE", 503),
            ("AUTHORIZER_CONFIGURATION_ERROR", 503), ("MISSING_AUTHENTICATION_TOKEN", 404), ("THROTTLED", 429),
        ],
    )  # fmt: skip
    def test_the_status_says_whether_the_client_or_the_api_failed(self, kind: str, status: int) -> None:
        assert self.responses[kind]["statusCode"] == str(status)

    def test_several_origins_are_reflected_and_without_origins_there_is_no_header(self) -> None:
        name = "gatewayresponse.header.Access-Control-Allow-Origin"
        several = gateway_responses("realm", Cors(origins=("https://a.example", "https://b.example")))["UNAUTHORIZED"]
        assert several["responseParameters"][name] == "method.request.header.Origin"
        assert name not in gateway_responses("realm", Cors())["UNAUTHORIZED"]["responseParameters"]


def openapi(collections: Sequence[Collection] = load_collections()) -> dict[str, Any]:
    return openapi_document("Gatehouse", routes(collections))


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Resolve references."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def described(document: dict[str, Any], route: Route, status: int) -> dict[str, Any]:
    operation = document["paths"][route.path][route.operation.method.lower()]
    return resolved(document, operation["responses"][str(status)])


class TestOpenapiDocument:
    def test_the_committed_file_is_up_to_date(self) -> None:
        assert json.loads((ROOT / "openapi.json").read_text()) == openapi()

    def test_it_is_valid_openapi(self) -> None:
        OpenAPIV31SpecValidator(openapi()).validate()

    def test_exactly_the_served_methods_are_described(self) -> None:
        found = {(path, method) for path, method, _ in operations(openapi())}
        served = {(path, method) for path, method, _ in operations(gateway_document(()))}
        assert found == served

    def test_every_operation_names_its_scope(self) -> None:
        document = openapi()
        scopes = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
        assert set(scopes) == {route.scope for route in ROUTES}
        for route in ROUTES:
            for method in route.operation.methods:
                assert document["paths"][route.path][method.lower()]["security"] == [{"oauth2": [route.scope]}]

    def test_every_reference_resolves_and_every_component_is_used(self) -> None:
        document = openapi()
        references = {part.split('"')[0] for part in json.dumps(document).split("#/components/")[1:]}
        components = {
            f"{kind}/{name}" for kind in ("headers", "responses", "schemas") for name in document["components"][kind]
        }
        assert references == components

    def test_scripts_may_read_every_described_header_except_those_for_browsers(self) -> None:
        assert set(EXPOSED_HEADERS) == set(HEADERS) - {"Cache-Control", "X-Content-Type-Options"}

    def test_head_has_the_responses_of_get_without_their_bodies(self) -> None:
        document = openapi()
        for route in ROUTES:
            for method in route.operation.methods[1:]:
                operation = document["paths"][route.path][method.lower()]
                full = document["paths"][route.path][route.operation.method.lower()]
                assert operation["parameters"] == full["parameters"]
                assert set(operation["responses"]) == set(full["responses"])
                for status, response in operation["responses"].items():
                    expected = resolved(document, full["responses"][status])
                    assert response == {name: expected[name] for name in ("description", "headers")}

    @pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
    def test_every_problem_of_a_route_is_described_with_an_example_and_its_headers(self, route: Route) -> None:
        document = openapi()
        for problem in route.problems:
            response = described(document, route, problem.status)
            example = response["content"]["application/problem+json"]["examples"][problem.slug]["value"]
            assert example == problem.body(example["request_id"], **problem.members)
            sent = set(problem.headers())
            if problem in HANDLER_PROBLEMS and "WWW-Authenticate" in sent:
                sent.add("x-amzn-Remapped-WWW-Authenticate")  # API Gateway renames a challenge that a function sends
            assert sent <= set(response["headers"])
            assert {"Cache-Control", "X-Content-Type-Options"} <= set(response["headers"])

    @pytest.mark.parametrize("kind", sorted(gateway_problems()))
    def test_every_error_of_the_gateway_is_a_problem_that_every_route_describes(self, kind: str) -> None:
        problem = gateway_problems()[kind]
        for route in ROUTES:
            known = {each.slug: each for each in route.problems}
            # An unknown path is in no document, and only bodies have a 415.
            if problem.status in (404, 415) and problem.slug not in known:
                continue
            assert known[problem.slug].status == problem.status
            assert set(known[problem.slug].headers()) == set(problem.headers())

    def test_a_conflict_needs_an_id_that_clients_choose(self) -> None:
        creating = [route for route in ROUTES if route.operation.name == "create"]
        assert {route.collection.name for route in creating if ALREADY_EXISTS in route.problems} == {"users"}

    def test_media_types_are_those_that_the_handlers_accept(self) -> None:
        document = openapi()
        expected = {"whole": {"application/json"}, "patch": {"application/json", "application/merge-patch+json"}}
        for route in ROUTES:
            body = document["paths"][route.path][route.operation.method.lower()].get("requestBody", {"content": {}})
            assert set(body["content"]) == expected.get(route.operation.body, set())

    def test_a_response_has_exactly_the_described_fields(self) -> None:
        schemas = openapi()["components"]["schemas"]
        for name in ("StoredItem", "StoredUser", "StoredEvent", "ItemPage"):
            assert schemas[name]["additionalProperties"] is False
            assert set(schemas[name]["required"]) == set(schemas[name]["properties"])
        assert schemas["ItemPage"]["properties"]["next_cursor"]["type"] == ["string", "null"]

    def test_a_patch_has_no_required_fields_and_no_defaults_and_null_only_where_there_is_a_default(self) -> None:
        patch = openapi()["components"]["schemas"]["UserPatch"]
        assert "required" not in patch
        assert patch["properties"]["name"]["type"] == "string"
        assert patch["properties"]["email"]["type"] == ["string", "null"]
        assert all("default" not in each for each in patch["properties"].values())

    def test_a_chosen_id_is_optional(self) -> None:
        schemas = openapi()["components"]["schemas"]
        assert "id" in schemas["NewUser"]["properties"]
        assert schemas["NewUser"]["required"] == ["name"]
        assert schemas["NewUser"]["title"] == "NewUser"
        assert "id" not in schemas["User"]["properties"]

    def test_a_list_that_is_read_from_an_index_is_described_as_eventually_consistent(self) -> None:
        for path, lag in (("/items", None), ("/users", "The list is event"), ("/events", "in another order is event")):
            description = openapi()["paths"][path]["get"]["description"]
            assert "in order of creation" in description
            assert (lag or "The list is consistent.") in description
            assert ("eventually" in description) is (lag is not None)

    def test_the_ends_of_a_range_have_the_schema_and_the_example_of_their_field(self) -> None:
        listed = {each["name"]: each for each in openapi()["paths"]["/events"]["get"]["parameters"]}
        for name, limit in (("date_from", "lowest"), ("date_to", "highest")):
            assert listed[name]["schema"] == {"type": "string", "format": "date"}
            assert listed[name]["example"] == "2026-06-15"
            assert listed[name]["description"] == (
                f"The {limit} date of the items to return, inclusive. "
                "A list can be filtered by one of: date; a range of date."
            )
        assert listed["order"]["schema"] == {"type": "string", "enum": ["newest", "oldest", "date", "-date"]}

    def test_parameters_of_fields_are_neither_null_nor_empty(self) -> None:
        listed = openapi([MEETINGS])["paths"]["/meetings"]["get"]["parameters"]
        schemas = {each["name"]: each["schema"] for each in listed}
        assert schemas["ends_on_from"] == {"type": "string", "format": "date"}
        assert schemas["kind"] == {"enum": ["call", "visit"]}
        assert schemas["room"] == {"type": "string", "minLength": 1, "maxLength": 100}
        assert schemas["starts_at_to"] == {"type": "string", "format": "date-time"}
        assert (schemas["seats_from"], schemas["price_to"]) == ({"type": "integer"}, {"type": "number"})

    def test_a_pattern_is_in_the_schema_and_its_requirement_is_not(self) -> None:
        email = openapi()["components"]["schemas"]["User"]["properties"]["email"]
        assert set(email) == {"type", "maxLength", "pattern", "description"}

    def test_the_example_of_a_cursor_is_valid(self) -> None:
        (items,) = (each for each in load_collections() if each.name == "items")
        position = Position(EXAMPLE_TIME, EXAMPLE_ID)
        assert decode_cursor(EXAMPLE_CURSOR, selection_of({}, items), "example|subject") == position


def examples(document: dict[str, Any], node: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield every example of the document with its schema."""
    if isinstance(node, dict):
        found: dict[str, Any] = node
        if "example" in found and "schema" in found:
            yield resolved(document, found["schema"]), found["example"]
        for example in found.get("examples", {}).values():
            yield resolved(document, found["schema"]), example["value"]
        for each in found.values():
            yield from examples(document, each)
    elif isinstance(node, list):
        for each in cast("list[Any]", node):
            yield from examples(document, each)


@pytest.mark.parametrize("collections", [load_collections(), [replace(MEETINGS, example={"price": 12.5})]])
def test_every_example_is_valid(collections: Sequence[Collection]) -> None:
    document = openapi(collections)
    found = list(examples(document, document))
    assert len(found) > 50
    for schema, example in found:
        whole = {**schema, "components": document["components"]}
        checker = Draft202012Validator.FORMAT_CHECKER
        assert list(Draft202012Validator(whole, format_checker=checker).iter_errors(example)) == []


def test_every_body_has_an_example() -> None:
    for _, _, operation in operations(openapi()):
        responses = [operation.get("requestBody", {}), *operation["responses"].values()]
        for response in responses:
            assert all("example" in each or "examples" in each for each in response.get("content", {}).values())
