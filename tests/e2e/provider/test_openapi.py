"""OpenAPI bodies imported into REST APIs and called over HTTP, and rejected bodies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.engine import ResourceError
from tests.e2e.provider.deploying import Deployer, only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.engine import Deployment
    from local.provider import Provider

AUTHORIZER = """
def handler(event, context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    effect = {"yes": "Allow", "no": "Deny"}.get(token)
    if effect is None:
        raise Exception("Unauthorized")
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"}
    return {"principalId": token, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"who": "somebody"}}
"""

ECHO = """
import json

def handler(event, context):
    who = (event["requestContext"].get("authorizer") or {}).get("who")
    keys = ("httpMethod", "resource", "pathParameters", "queryStringParameters", "stageVariables")
    return {"statusCode": 200, "body": json.dumps({"who": who, **{key: event[key] for key in keys}})}
"""

INTEGRATION = {"type": "aws_proxy", "httpMethod": "POST", "uri": "ECHO-URI", "passthroughBehavior": "when_no_match"}
PROBLEM = '{"title":"%s","detail":$context.error.messageString}'

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "overridden by the name", "version": "7", "description": "from the body"},
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    "x-amazon-apigateway-request-validators": {
        "all": {"validateRequestBody": True, "validateRequestParameters": True},
        "parameters": {"validateRequestBody": False, "validateRequestParameters": True},
    },
    "x-amazon-apigateway-request-validator": "all",
    "x-amazon-apigateway-gateway-responses": {
        kind: {
            "statusCode": status,
            "responseTemplates": {"application/json": PROBLEM % kind},
            "responseParameters": {
                "gatewayresponse.header.Content-Type": "'application/problem+json'",
                "gatewayresponse.header.WWW-Authenticate": "'Bearer'",
            },
        }
        for kind, status in (("UNAUTHORIZED", 401), ("ACCESS_DENIED", "403"), ("BAD_REQUEST_PARAMETERS", 400))
    },
    "components": {
        "securitySchemes": {
            "bearer": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": {
                    "type": "token",
                    "authorizerUri": "AUTHORIZER-URI",
                    "authorizerResultTtlInSeconds": 0,
                    "identityValidationExpression": "^Bearer [a-z]+$",
                },
            },
            "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
        },
        "schemas": {
            "Name": {"type": "string", "minLength": 1},
            "Item": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                # A property may have the name of a keyword.
                "properties": {"name": {"$ref": "#/components/schemas/Name"}, "default": {"type": "integer"}},
            },
        },
    },
    "paths": {
        "/items": {
            "parameters": [{"name": "limit", "in": "query", "required": True, "schema": {"type": "integer"}}],
            "get": {
                "operationId": "items-list",
                "summary": "a summary",
                "security": [{"bearer": []}],
                "responses": {"200": {"description": "OK"}},
                "x-amazon-apigateway-integration": INTEGRATION,
            },
            "post": {
                "operationId": "items-create",
                "parameters": [{"name": "limit", "in": "query", "required": False}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
                },
                "responses": {
                    "201": {
                        "description": "Created",
                        "headers": {"Location": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
                    }
                },
                "x-amazon-apigateway-integration": {**INTEGRATION, "timeoutInMillis": 3000},
            },
            "options": {
                "x-amazon-apigateway-request-validator": "parameters",
                "parameters": [{"name": "limit", "in": "query"}],
                "responses": {
                    "204": {
                        "description": "No Content",
                        "headers": {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}},
                    }
                },
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "requestTemplates": {"application/json": '{"statusCode": 204}'},
                    "responses": {
                        "default": {
                            "statusCode": "204",
                            "responseParameters": {
                                "method.response.header.Access-Control-Allow-Origin": "'https://a.example'"
                            },
                        }
                    },
                },
            },
        },
        "/items/{id}": {
            "x-amazon-apigateway-any-method": {
                "parameters": [{"name": "id", "in": "path", "required": True}],
                "security": [{"bearer": [], "key": []}],
                "responses": {},
                "x-amazon-apigateway-integration": INTEGRATION,
            }
        },
        "/": {"get": {"responses": {}, "x-amazon-apigateway-integration": INTEGRATION}},
    },
}

PROGRAM = """
echo = function("NAME-echo", ECHO)
authorizer = function("NAME-authorizer", AUTHORIZER)
body = pulumi.Output.all(echo.invoke_arn, authorizer.invoke_arn).apply(
    lambda arns: DOCUMENT.replace("ECHO-URI", arns[0]).replace("AUTHORIZER-URI", arns[1]))
api = aws.apigateway.RestApi("NAME", name="NAME", body=body, endpoint_configuration={"types": "REGIONAL"},
    fail_on_warnings=True, tags={"stage": "dev"}, ARGUMENTS)
allowed = [aws.lambda_.Permission(name, action="lambda:InvokeFunction", function=each.name,
    principal="apigateway.amazonaws.com", source_arn=pulumi.Output.concat(api.execution_arn, "/*"))
    for name, each in {"NAME-echo": echo, "NAME-authorizer": authorizer}.items()]
deployed = aws.apigateway.Deployment("NAME", rest_api=api.id, triggers={"body": body},
    opts=pulumi.ResourceOptions(depends_on=allowed))
stage = aws.apigateway.Stage("NAME", rest_api=api.id, deployment=deployed.id, stage_name="dev",
    variables={"stack": "dev"})
pulumi.export("url", stage.invoke_url)
pulumi.export("api", api.id)
"""


def with_document(document: dict[str, Any], name: str, arguments: str = "") -> str:
    """Return a program that deploys a document with an echo function and an authorizer."""
    constants = f"ECHO, AUTHORIZER, DOCUMENT = {ECHO!r}, {AUTHORIZER!r}, {json.dumps(document)!r}\n"
    return constants + PROGRAM.replace("NAME", name).replace("ARGUMENTS", arguments)


@pytest.fixture(scope="module")
def deployment(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The document, deployed once for all tests."""
    return Deployer(provider, tmp_path_factory.mktemp("openapi"))(with_document(DOCUMENT, "called"))


@pytest.fixture(scope="module")
def http(deployment: Deployment) -> Iterator[httpx.Client]:
    """A client whose base URL is the stage."""
    with httpx.Client(base_url=deployment.exports["url"], timeout=20, trust_env=False) as client:
        yield client


class TestCalls:
    def test_an_operation_with_an_authorizer(self, http: httpx.Client) -> None:
        answer = http.get("/items?limit=3", headers={"Authorization": "Bearer yes"})
        assert answer.status_code == 200
        assert answer.json() == {
            "who": "somebody",
            "httpMethod": "GET",
            "resource": "/items",
            "pathParameters": None,
            "queryStringParameters": {"limit": "3"},
            "stageVariables": {"stack": "dev"},
        }

    @pytest.mark.parametrize(
        ("token", "status", "kind"),
        [
            ("Bearer no", 403, "ACCESS_DENIED"),
            ("Bearer other", 401, "UNAUTHORIZED"),
            ("Bearer 123", 401, "UNAUTHORIZED"),
            ("", 401, "UNAUTHORIZED"),
        ],
    )
    def test_gateway_responses(self, http: httpx.Client, token: str, status: int, kind: str) -> None:
        answer = http.get("/items?limit=3", headers={"Authorization": token} if token else {})
        assert answer.status_code == status
        assert answer.json()["title"] == kind
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_a_required_parameter_of_the_path_item_is_validated(self, http: httpx.Client) -> None:
        answer = http.get("/items", headers={"Authorization": "Bearer yes"})
        assert (answer.status_code, answer.json()["title"]) == (400, "BAD_REQUEST_PARAMETERS")

    def test_a_body_is_validated_against_its_model_and_referenced_models(self, http: httpx.Client) -> None:
        assert http.post("/items", json={"name": "n", "default": 1}).status_code == 200
        for wrong in ({}, {"name": ""}, {"name": "n", "other": 1}, {"name": "n", "default": "x"}):
            assert http.post("/items", json=wrong).status_code == 400, wrong

    def test_a_mock_integration_answers_a_preflight_request(self, http: httpx.Client) -> None:
        answer = http.options("/items")
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"

    def test_any_method_and_path_parameters_with_an_api_key(self, http: httpx.Client) -> None:
        answer = http.delete("/items/a", headers={"Authorization": "Bearer yes"})
        assert answer.status_code == 403  # the key is missing

    def test_the_root_without_an_authorizer(self, http: httpx.Client) -> None:
        answer = http.get("/")
        assert (answer.status_code, answer.json()["who"], answer.json()["resource"]) == (200, None, "/")

    def test_the_api_has_the_settings_of_the_arguments_and_the_body(
        self, deployment: Deployment, deployer: Deployer
    ) -> None:
        client = deployer.client("apigateway")
        api = client.get_rest_api(restApiId=deployment.exports["api"])
        assert (api["name"], api["version"], api["description"]) == ("called", "7", "from the body")
        assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
        assert api["binaryMediaTypes"] == ["image/png"]
        assert api["tags"] == {"stage": "dev"}
        assert only(deployment, "aws:apigateway/restApi:RestApi").outputs["rootResourceId"]

    def test_methods_have_the_settings_of_the_document(self, deployment: Deployment, deployer: Deployer) -> None:
        client = deployer.client("apigateway")
        api = deployment.exports["api"]
        resources = client.get_resources(restApiId=api, embed=["methods"])["items"]
        methods = {resource["path"]: resource.get("resourceMethods", {}) for resource in resources}
        assert {path: sorted(found) for path, found in methods.items()} == {
            "/": ["GET"],
            "/items": ["GET", "OPTIONS", "POST"],
            "/items/{id}": ["ANY"],
        }
        post = methods["/items"]["POST"]
        assert post["requestParameters"] == {"method.request.querystring.limit": False}
        assert post["requestModels"] == {"application/json": "Item"}
        assert post["operationName"] == "items-create"
        assert post["methodResponses"]["201"]["responseParameters"] == {"method.response.header.Location": False}
        assert post["methodResponses"]["201"]["responseModels"] == {"application/json": "Item"}
        assert post["methodIntegration"]["timeoutInMillis"] == 3000
        assert methods["/items/{id}"]["ANY"]["apiKeyRequired"] is True
        assert methods["/items"]["GET"]["authorizationType"] == "CUSTOM"


def test_arguments_override_the_body(deployer: Deployer) -> None:
    arguments = 'description="from the argument", binary_media_types=["text/csv"], policy=json.dumps({"Statement": []})'
    deployment = deployer(with_document(DOCUMENT, "overridden", arguments))
    api = deployer.client("apigateway").get_rest_api(restApiId=deployment.exports["api"])
    assert api["description"] == "from the argument"
    assert api["binaryMediaTypes"] == ["text/csv"]
    assert "Statement" in api["policy"]


def _at(document: Any, *path: str | int) -> Any:
    for part in path:
        document = document[part]
    return document


LIST = ("paths", "/items", "get")
CREATE = ("paths", "/items", "post")
SCHEMES = ("components", "securitySchemes")
MODELS = ("components", "schemas")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d.update(openapi="3.1.0"), "unsupported OpenAPI version '3.1.0': must be 3.0"),
        (lambda d: d.update(security=[{"bearer": []}]), "not supported locally: body.security"),
        (lambda d: _at(d, "components").update(links={}), "not supported locally: body.components.links"),
        (lambda d: _at(d, *LIST).update(callbacks={}), "not supported locally: body.paths./items.get.callbacks"),
        (
            lambda d: _at(d, *LIST, "x-amazon-apigateway-integration").update(cacheTtl=3),
            "not supported locally: body.paths./items.get.x-amazon-apigateway-integration.cacheTtl",
        ),
        (
            lambda d: _at(d, *SCHEMES, "bearer", "x-amazon-apigateway-authorizer").update(ttl=3),
            "not supported locally: body.components.securitySchemes.bearer.x-amazon-apigateway-authorizer.ttl",
        ),
        (
            lambda d: _at(d, "x-amazon-apigateway-gateway-responses", "UNAUTHORIZED").update(status=3),
            "not supported locally: body.x-amazon-apigateway-gateway-responses.UNAUTHORIZED.status",
        ),
        (lambda d: _at(d, "paths", "/items").update(trace={}), "not supported locally: body.paths./items.trace"),
        (
            lambda d: _at(d, *LIST, "responses").update(default={"description": "any"}),
            "body.paths./items.get.responses.default: the status must be numeric for API Gateway",
        ),
        (
            lambda d: _at(d, *LIST).update(security=[{"nobody": []}]),
            "body.paths./items.get.security[0].nobody: the document does not define nobody",
        ),
        (
            lambda d: _at(d, *LIST).update(security=[{"bearer": ["items:read"]}]),
            (
                "body.paths./items.get.security[0].bearer:"
                " a method can have only one authorizer, and a Lambda authorizer no scopes"
            ),
        ),
        (
            lambda d: _at(d, *LIST).update({"x-amazon-apigateway-request-validator": "none"}),
            "body.paths./items.get.none: the document does not define none",
        ),
        (
            lambda d: _at(d, *LIST).pop("x-amazon-apigateway-integration"),
            "body.paths./items.get.x-amazon-apigateway-integration.type: GET requires an integration",
        ),
        (
            lambda d: _at(d, "paths", "/items", "parameters", 0).update({"in": "cookie"}),
            "body.paths./items.parameters[0].in: API Gateway does not support cookie parameters",
        ),
        (
            lambda d: _at(d, *CREATE, "requestBody", "content", "application/json").update(schema={"type": "object"}),
            (
                "body.paths./items.post.requestBody.content.application/json:"
                " the schema must be a reference to a model of this document"
            ),
        ),
        (
            lambda d: _at(d, *MODELS).update({"Item-Write": {}}),
            "body.components.schemas.Item-Write: the name of a model must consist of letters and digits",
        ),
        (
            lambda d: (
                _at(d, *MODELS, "Item", "properties", "name").update(nullable=True)
                or _at(d, *MODELS, "Item", "properties", "name").pop("$ref")
            ),
            "body.components.schemas.Item.properties.name: API Gateway's models do not support nullable",
        ),
        (
            lambda d: _at(d, *SCHEMES).update(oauth={"type": "oauth2", "flows": {}}),
            "body.components.securitySchemes.oauth: must be of type apiKey in a header for API Gateway",
        ),
        (
            lambda d: _at(d, *SCHEMES, "key").update(name="x-other"),
            "body.components.securitySchemes.key: must be an authorizer or an API key",
        ),
    ],
)
def test_what_api_gateway_would_ignore_or_reject_is_reported(
    deployer: Deployer, change: Callable[[dict[str, Any]], Any], problem: str
) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    change(document)
    with pytest.raises(ResourceError) as failure:
        deployer(f'aws.apigateway.RestApi("api", body={json.dumps(document)!r})')
    assert failure.value.problem == problem
