"""One check per correction: behaviour of AWS that MiniStack lacks. Each check creates its own API."""

from __future__ import annotations

import datetime as dt
import json
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.emulator.cognito_checks import COGNITO_CHECKS
from tests.e2e.emulator.http_checks import HTTP_CHECKS
from tests.e2e.emulator.sandbox import AUTHORIZER, ECHO, ROLE, allowing, eventually, returning, zip_of
from tests.e2e.emulator.table_checks import point_in_time_recovery, restore_permissions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.e2e.emulator.sandbox import Api, Function, Sandbox

CONTEXT = '{"message":$context.error.messageString,"code":"$context.authorizer.code"}'


def authorizer_policies(sandbox: Sandbox) -> None:
    """All elements of the policy are evaluated, for each request, also while the policy is cached."""
    api = sandbox.api()
    api.proxy(authorizer=api.authorizer(ttl=300)).deploy()
    arn = f"{api.execution_arn}/test/GET/"
    api.call(token=allowing())  # warm up the functions, because the following requests are timed
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    expiring = allowing(Condition={"DateLessThan": {"aws:CurrentTime": soon.isoformat()}})
    explicit = allowing()
    explicit["policyDocument"]["Statement"].append({"Effect": "Deny", "Action": "execute-api:*", "NotResource": "x"})  # type: ignore[index]

    assert api.call(token=expiring).status_code == 200
    assert api.call(token=allowing(Resource=arn)).status_code == 200
    assert api.call(token=allowing(NotResource="arn:aws:execute-api:*/other")).status_code == 200
    assert api.call(token=allowing(NotResource=arn)).status_code == 403
    assert api.call(token=allowing(Action="s3:GetObject")).status_code == 403
    assert api.call(token=allowing(NotAction="execute-api:*")).status_code == 403
    assert api.call(token=allowing(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})).status_code == 403
    assert "explicit deny" in api.call(token=explicit).text
    time.sleep(max(0.0, (soon - dt.datetime.now(dt.UTC)).total_seconds()))
    assert api.call(token=expiring).status_code == 403


def authorizer_output(sandbox: Sandbox) -> None:
    """Objects in the context, an invalid statement, and more than 8 KB are configuration errors."""
    api = sandbox.api()
    api.proxy(authorizer=api.authorizer()).deploy()
    for wrong in (
        {"context": {"scopes": ["a", "b"]}},
        {"context": {"claims": {"sub": "x"}}},
        {"context": {"long": "x" * 8192}},
        {"policyDocument": {"Statement": [{"Effect": "Allow", "Resource": "*"}]}},
    ):
        answer = api.call(token=wrong)
        assert (answer.status_code, answer.headers.get("x-amzn-errortype")) == (500, "AuthorizerConfigurationException")
    assert api.call(token={"context": {"text": "x", "number": 1, "truth": True}}).status_code == 200


def authorizer_context(sandbox: Sandbox) -> None:
    """A gateway response renders variables of the authorizer and of the request, but not variables in their values."""
    variables = "authorizer.code authorizer.principalId authorizer.none httpMethod path identity.sourceIp nonsense"
    api = sandbox.api()
    api.respond("ACCESS_DENIED", json.dumps({name: f"$context.{name}" for name in variables.split()}))
    api.respond("BAD_REQUEST_PARAMETERS", '{"detail":"$context.error.validationErrorString"}')
    api.proxy(authorizer=api.authorizer(ttl=300))
    validator = sandbox.gateway.create_request_validator(restApiId=api.id, name="all", validateRequestParameters=True)
    required = {"method.request.querystring.q": True}
    api.proxy(path="/search", requestParameters=required, requestValidatorId=validator["id"]).deploy()
    denying = {**allowing(Resource="arn:aws:execute-api:::nothing"), "context": {"code": "$context.path"}}

    for _first_then_cached in range(2):
        assert api.call(token=denying).json() == {
            "authorizer.code": "$context.path",
            "authorizer.principalId": "someone",
            "authorizer.none": "",
            "httpMethod": "GET",
            "path": "/test/",
            "identity.sourceIp": "127.0.0.1",
            "nonsense": "",
        }
    assert api.call(path="/search").json() == {"detail": "Missing required request parameters: [q]"}


def unauthorized_exactly(sandbox: Sandbox) -> None:
    """Only the exact message leads to a 401."""
    api = sandbox.api()
    api.proxy(authorizer=api.authorizer()).deploy()
    assert api.call(token={"raise": "Unauthorized"}).status_code == 401
    for other in ("unauthorized", " Unauthorized", "Unauthorized\n", "UNAUTHORIZED"):
        answer = api.call(token={"raise": other})
        assert (answer.status_code, answer.json()) == (500, {"message": None})


def authorizer_cache_flush(sandbox: Sandbox) -> None:
    """After a flush, the stage's authorizers are invoked again, and those of other stages are not."""
    counting = AUTHORIZER.replace("import json", "import json, itertools\ncounter = itertools.count(1)")
    counting = counting.replace(
        "{**output, **overrides}", "{**output, **overrides, 'context': {'calls': next(counter)}}"
    )
    api, other = sandbox.api(), sandbox.api()
    authorizer_function = sandbox.function(counting)
    for each in (api, other):
        each.proxy(authorizer=each.authorizer(authorizer_function, ttl=300)).deploy()

    def calls(of: Api) -> str:
        return of.call(token={}).json()["requestContext"]["authorizer"]["calls"]

    def flushed(stage: str) -> int:
        try:
            response = sandbox.gateway.flush_stage_authorizers_cache(restApiId=api.id, stageName=stage)
        except ClientError as error:
            return 404 if error.response.get("Error", {}).get("Code") == "NotFoundException" else 0
        return response["ResponseMetadata"]["HTTPStatusCode"]

    assert [calls(api), calls(other), calls(api), calls(other)] == ["1", "2", "1", "2"]
    assert flushed("test") == 202
    assert [calls(api), calls(other), calls(api)] == ["3", "2", "3"]
    assert flushed("none") == 404


def identity_sources(sandbox: Sandbox) -> None:
    """Policies are cached for each method and path, and a request without one of the sources gets 401."""
    counting = AUTHORIZER.replace("import json", "import json, itertools\ncounter = itertools.count(1)")
    counting = counting.replace('event["authorizationToken"]', 'event["headers"]["authorization"]')
    counting = counting.replace(
        "{**output, **overrides}", "{**output, **overrides, 'context': {'calls': next(counter)}}"
    )
    api = sandbox.api()
    sources = "method.request.header.Authorization, context.httpMethod,context.resourcePath"
    authorizer = api.authorizer(sandbox.function(counting), ttl=300, type="REQUEST", identitySource=sources)
    for method, path in (("GET", "/items"), ("PUT", "/items/{id}"), ("GET", "/items/{id}")):
        api.proxy(method=method, path=path, authorizer=authorizer)
    api.deploy()

    def calls(method: str, path: str, token: object) -> str:
        answer = api.call(method, path, token=token)
        assert answer.status_code == 200
        return answer.json()["requestContext"]["authorizer"]["calls"]

    assert api.call("GET", "/items").status_code == 401
    requests = (("GET", "/items"), ("GET", "/items/1"), ("GET", "/items/2"), ("PUT", "/items/1"), ("GET", "/items"))
    assert [calls(method, path, {}) for method, path in requests] == ["1", "2", "2", "3", "1"]
    assert calls("GET", "/items", allowing()) == "4"


def usage_identifier_keys(sandbox: Sandbox) -> None:
    """The API key is the authorizer's, and the client's is ignored."""
    value = "a-key-of-twenty-characters"
    api = sandbox.api(apiKeySource="AUTHORIZER")
    api.proxy(authorizer=api.authorizer(ttl=300), apiKeyRequired=True).deploy()
    key = sandbox.gateway.create_api_key(name="key", value=value, enabled=True)
    plan = sandbox.gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api.id, "stage": "test"}])
    sandbox.gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")

    for _first_then_cached in range(2):
        assert api.call(token={"usageIdentifierKey": value}).status_code == 200
    assert api.call(token={"usageIdentifierKey": "another-key-of-twenty"}).status_code == 403
    assert api.call(token={}, headers={"x-api-key": value}).status_code == 403


def deployment_snapshots(sandbox: Sandbox) -> None:
    """Changes after a deployment take effect with the next one."""
    api = sandbox.api()
    api.proxy(returning("{'statusCode': 200, 'body': 'old'}"))
    names = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    api.deploy()
    replacement = sandbox.function(returning("{'statusCode': 200, 'body': 'new'}"))
    change = {"op": "replace", "path": "/uri", "value": replacement.uri}
    sandbox.gateway.update_integration(**names, patchOperations=[change])
    api.proxy(path="/added")

    assert api.call().text == "old"
    assert api.call(path="/added").status_code == 403
    api.deploy()
    assert api.call().text == "new"
    assert api.call(path="/added").status_code == 200


SAME = ("path", "domainName", "domainPrefix", "stage", "routeKey", "resourcePath", "httpMethod")
"""What does not depend on how a domain is addressed."""


def custom_domains(sandbox: Sandbox) -> None:
    """Events have the path and the domain of the request, which may be addressed by a path of the emulator.

    A disabled default endpoint answers 403 (HTTP APIs: 404).
    """
    rest = sandbox.api().proxy(path="/a").deploy()
    http = sandbox.http_api().proxy(key="GET /a").deploy()
    domains, mappings = sandbox.gateway, sandbox.http_gateway
    domains.create_domain_name(domainName="api.example.test", endpointConfiguration={"types": ["REGIONAL"]})
    for key, api in (("v1", rest), ("v2", http)):
        mappings.create_api_mapping(DomainName="api.example.test", ApiId=api.id, Stage="test", ApiMappingKey=key)

    def event(path: str) -> dict[str, Any]:
        answer = sandbox.http.get(sandbox.emulator.endpoint_url + path, headers={"Host": "api.example.test"})
        addressed = sandbox.http.get(f"{sandbox.emulator.endpoint_url}/_aws/domains/API.example.test{path}")
        assert (answer.status_code, addressed.status_code) == (200, 200)
        contexts = [each.json()["requestContext"] for each in (answer, addressed)]
        assert [contexts[1].get(name) for name in SAME] == [contexts[0].get(name) for name in SAME]
        return addressed.json()

    of_rest, of_http = event("/v1/a"), event("/v2/a")
    assert (of_rest["path"], of_rest["resource"], of_rest["requestContext"]["path"]) == ("/v1/a", "/a", "/v1/a")
    assert (of_http["rawPath"], of_http["requestContext"]["http"]["path"]) == ("/v2/a", "/v2/a")
    for context in (of_rest["requestContext"], of_http["requestContext"]):
        assert (context["domainName"], context["domainPrefix"]) == ("api.example.test", "api")
    disable = {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}
    sandbox.gateway.update_rest_api(restApiId=rest.id, patchOperations=[disable])
    sandbox.http_gateway.update_api(ApiId=http.id, DisableExecuteApiEndpoint=True)
    assert [rest.call(path="/a").status_code, http.call(path="/a").status_code] == [200, 200]
    forbidden, missing = rest.deploy().call(path="/a"), http.deploy().call(path="/a")
    assert (forbidden.status_code, forbidden.json()) == (403, {"message": "Forbidden"})
    assert (missing.status_code, missing.json()) == (404, {"message": "Not Found"})
    assert event("/v1/a")
    assert event("/v2/a")


def proxy_events(sandbox: Sandbox) -> None:
    """The event contains all headers as they were sent, and the request id of the response."""
    api = sandbox.api().proxy().deploy()
    headers = [("If-Match", '"1"'), ("X-Many", "a"), ("X-Many", "b"), ("X-Forwarded-For", "192.0.2.1"), ("TE", "x")]
    url = f"{sandbox.url(api.id)}/?q=1&q=2"
    answer = sandbox.http.get(url, headers=headers)
    event = answer.json()

    assert event["headers"].get("If-Match") == '"1"'
    assert event["headers"].get("X-Many") == "b"
    assert "te" not in {name.lower() for name in event["headers"]}
    assert event["multiValueHeaders"].get("X-Many") == ["a", "b"]
    assert event["queryStringParameters"] == {"q": "2"}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["requestId"] == answer.headers["x-amzn-requestid"]


def proxy_responses(sandbox: Sandbox) -> None:
    """Failures of a function lead to 502, 504 or 500, rendered by the gateway responses, without details."""
    api = sandbox.api()
    api.respond(
        "DEFAULT_5XX", '{"oops":$context.error.messageString}', responseParameters={"gatewayresponse.header.X": "'1'"}
    )
    api.respond("INTEGRATION_TIMEOUT", '{"late":$context.error.messageString}')
    wrong = {
        "/raises": "def handler(event, context):\n    raise ValueError('a secret')\n",
        "/exits": "import os\ndef handler(event, context):\n    os._exit(1)\n",
        "/does-not-import": "import nothing_of_this_name\n",
        "/text": returning("'a secret'"),
        "/nothing": returning("None"),
        "/extra": returning("{'statusCode': 200, 'body': '', 'more': 1}"),
        "/object": returning("{'statusCode': 200, 'body': {'a': 'secret'}}"),
        "/status": returning("{'statusCode': 'abc'}"),
        "/headers": returning("{'statusCode': 200, 'headers': 'a secret'}"),
    }
    for path, source in wrong.items():
        api.proxy(source, path=path)
    sleeper = sandbox.function("import time\ndef handler(event, context):\n    time.sleep(9)\n", Timeout=1)
    api.proxy(sleeper, path="/timed-out")
    api.proxy(sleeper, path="/late", integration={"timeoutInMillis": 50})
    throttled = sandbox.function(ECHO)
    sandbox.functions.put_function_concurrency(FunctionName=throttled.name, ReservedConcurrentExecutions=0)
    api.proxy(throttled, path="/throttled")
    api.proxy(returning("{'statusCode': '201', 'body': None}"), path="/fine").deploy()

    for path in (*wrong, "/timed-out"):
        answer = api.call(path=path)
        assert (answer.status_code, answer.text) == (502, '{"oops": "Internal server error"}'), path
        assert answer.headers.get("x") == "1"
    late = api.call(path="/late")
    assert (late.status_code, late.text) == (504, '{"late":"Endpoint request timed out"}')
    full = api.call(path="/throttled")
    assert (full.status_code, full.text) == (500, '{"oops":"Internal server error"}')
    fine = api.call(path="/fine")
    assert (fine.status_code, fine.content) == (201, b"")


def remapped_headers(sandbox: Sandbox) -> None:
    """A function's challenge is renamed, in `headers` and in `multiValueHeaders`."""
    api = sandbox.api()
    api.proxy(returning("{'statusCode': 401, 'headers': {'www-authenticate': 'Bearer', 'Via': 'x', 'ETag': '1'}}"))
    api.proxy(returning("{'statusCode': 401, 'multiValueHeaders': {'WWW-Authenticate': ['Bearer']}}"), path="/many")
    api.deploy()
    single, many = api.call(), api.call(path="/many")

    for answer in (single, many):
        assert "www-authenticate" not in answer.headers
        assert answer.headers.get("x-amzn-remapped-www-authenticate") == "Bearer"
    assert single.headers["etag"] == "1"
    assert "via" not in single.headers


def lambda_permissions(sandbox: Sandbox) -> None:
    """A function whose policy does not allow the caller is not invoked. An alias needs its own permission."""
    api = sandbox.api()
    function = sandbox.function(ECHO, permit=False)
    authorizer_function = sandbox.function(AUTHORIZER, permit=False)
    authorizer = api.authorizer(authorizer_function)
    api.proxy(function, path="/items/{id}").proxy(function, path="/other").proxy(
        path="/authorized", authorizer=authorizer
    )
    api.deploy()

    assert api.call(path="/items/1").status_code == 500
    assert api.call(path="/authorized", token={}).headers.get("x-amzn-errortype") == "AuthorizerConfigurationException"
    sandbox.permit(function, f"{api.execution_arn}/*/GET/items/*")
    sandbox.permit(authorizer_function, f"{api.execution_arn}/authorizers/{authorizer}")
    assert api.call(path="/items/1").status_code == 200
    assert api.call(path="/authorized", token={}).status_code == 200
    rejected = api.call(path="/other")
    assert (rejected.status_code, rejected.json()) == (500, {"message": "Internal server error"})

    other = sandbox.function(ECHO)  # permitted without a qualifier, for all sources
    alias = sandbox.alias(other)
    api.proxy(other, path="/unqualified").proxy(alias, path="/alias").deploy()
    assert [api.call(path=path).status_code for path in ("/unqualified", "/alias")] == [200, 500]
    sandbox.permit(alias)
    assert api.call(path="/alias").status_code == 200


def response_cache(sandbox: Sandbox) -> None:
    """Responses are kept per value of the cache key's parameters, after the authorizer, until the cache is flushed."""
    api = sandbox.api()
    parameters = ["method.request.header.Authorization", "method.request.querystring.q"]
    function = sandbox.function(returning("{'statusCode': 200, 'body': __import__('uuid').uuid4().hex}"))
    api.proxy(
        function,
        path="/kept",
        authorizer=api.authorizer(ttl=300),
        requestParameters=dict.fromkeys(parameters, False),
        integration={"cacheKeyParameters": parameters},
    )
    api.proxy(function, path="/other").deploy()
    settings = {"enabled": "true", "ttlInSeconds": "1", "requireAuthorizationForCacheControl": "true"}
    patches = {"/cacheClusterEnabled": "true", "/cacheClusterSize": "0.5"}
    patches |= {f"/~1kept/GET/caching/{name}": value for name, value in settings.items()}
    operations = [{"op": "replace", "path": path, "value": value} for path, value in patches.items()]
    sandbox.gateway.update_stage(restApiId=api.id, stageName="test", patchOperations=operations)

    def get(token: object, **request: Any) -> str:
        answer = api.call(path="/kept", token=token, **request)
        return answer.text if answer.status_code == 200 else str(answer.status_code)

    ann, denied = {"principalId": "ann"}, allowing(Resource="arn:aws:execute-api:*:*:none")
    started = time.monotonic()
    first, ids = get(ann), {api.call(path="/kept", token=ann).headers["x-amzn-requestid"] for _ in range(2)}
    same = [get(ann), get(ann, params={"unlisted": "1"}), get(ann, headers={"Cache-Control": "max-age=0"})]
    assert same == [first] * 3 or time.monotonic() - started > 1
    assert len(ids) == 2
    assert get({"principalId": "ben"}) != first
    assert get(ann, params={"q": "1"}) != first
    assert get(denied) == "403"
    assert api.call(path="/other").text != api.call(path="/other").text
    assert eventually(lambda: get(ann) != first)
    second = get(ann)
    sandbox.gateway.flush_stage_cache(restApiId=api.id, stageName="test")
    assert get(ann) != second


def mock_templates(sandbox: Sandbox) -> None:
    """A mock integration renders its templates."""
    template = """#set($origin = $input.params('Origin'))
        #set($allowed = ["https://a.example", "https://b.example"])
        #if($allowed.contains($origin))
        #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
        #end"""
    api = sandbox.api()
    api.mock('{"statusCode": 204}', template, method="OPTIONS")
    api.mock('{"statusCode": #if($input.params("q") == "x")204#{else}200#end}', '{"q":"$input.params(\'q\')"}')
    api.mock("{}", path="/no-status")
    api.mock('{"statusCode": 200}', "#set($context.responseOverride.status = 418)$context.path", path="/tea").deploy()
    allowed = api.call("OPTIONS", headers={"Origin": "https://b.example"})
    rejected = api.call("OPTIONS", headers={"Origin": "https://c.example"})
    tea = api.call(path="/tea")

    assert (allowed.status_code, allowed.content) == (204, b"")
    assert allowed.headers.get("access-control-allow-origin") == "https://b.example"
    assert (rejected.status_code, "access-control-allow-origin" in rejected.headers) == (204, False)
    assert api.call(path="/?q=y").text == '{"q":"y"}'
    assert api.call(path="/?q=x").status_code == 204
    assert api.call(path="/no-status").status_code == 500
    assert (tea.status_code, tea.text) == (418, "/test/tea")


def request_models(sandbox: Sandbox) -> None:
    """A body is validated against the model of its content type, if there is one."""
    api = sandbox.api()
    for name, required in (("Whole", ["name"]), ("Patch", [])):
        schema = {"type": "object", "required": required, "properties": {"name": {"type": "string"}}}
        sandbox.gateway.create_model(
            restApiId=api.id, name=name, contentType="application/json", schema=json.dumps(schema)
        )
    validator = sandbox.gateway.create_request_validator(restApiId=api.id, name="body", validateRequestBody=True)
    models = {"application/json": "Whole", "application/merge-patch+json": "Patch"}
    api.proxy(method="POST", requestModels=models, requestValidatorId=validator["id"]).deploy()

    def send(content_type: str, body: str) -> tuple[int, str]:
        answer = api.call("POST", headers={"Content-Type": content_type}, content=body)
        return answer.status_code, answer.json().get("message", "").strip()

    assert send("application/json", "{}") == (400, "Invalid request body")
    assert send("application/json; charset=utf-8", '{"name":"x"}')[0] == 200
    assert send("Application/Merge-Patch+JSON", "{}")[0] == 200
    assert send("application/merge-patch+json", '{"name":1}') == (400, "Invalid request body")
    assert send("text/plain", "not JSON")[0] == 200


def typed_updates(sandbox: Sandbox) -> None:
    """A boolean or a number keeps its type in an update, and an escaped path is unescaped."""
    api = sandbox.api(binaryMediaTypes=["image/png"])
    api.proxy(apiKeyRequired=True, requestParameters={"method.request.querystring.q": True}).deploy()
    names = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}

    def change(update: Callable[..., dict[str, Any]], path: str, **operation: str) -> dict[str, Any]:
        whose = {"restApiId": api.id} if update == sandbox.gateway.update_rest_api else names
        return update(**whose, patchOperations=[{"op": "replace", "path": path, **operation}])

    method, integration = sandbox.gateway.update_method, sandbox.gateway.update_integration
    assert change(method, "/apiKeyRequired", value="false")["apiKeyRequired"] is False
    required = change(method, "/requestParameters/method.request.querystring.q", value="false")["requestParameters"]
    assert required == {"method.request.querystring.q": False}
    assert change(integration, "/timeoutInMillis", value="1000")["timeoutInMillis"] == 1000
    templates = change(integration, "/requestTemplates/application~1json", value="{}")["requestTemplates"]
    assert templates == {"application/json": "{}"}
    kinds = change(sandbox.gateway.update_rest_api, "/binaryMediaTypes/a~1b", op="add")["binaryMediaTypes"]
    assert kinds == ["image/png", "a/b"]
    plan = sandbox.gateway.create_usage_plan(name="typed")["id"]
    for operation, stages in (("add", [{"apiId": api.id, "stage": "test"}]), ("remove", [])):
        patched = [{"op": operation, "path": "/apiStages", "value": f"{api.id}:test"}]
        assert sandbox.gateway.update_usage_plan(usagePlanId=plan, patchOperations=patched)["apiStages"] == stages
    api.deploy()
    assert api.call().status_code == 200


def resource_tags(sandbox: Sandbox) -> None:
    """Tags that a resource was created with are changed by TagResource and UntagResource."""
    api = sandbox.api(tags={"old": "1", "kept": "2"})
    api.proxy().deploy()
    gateway, arn = sandbox.gateway, f"arn:aws:apigateway:{sandbox.emulator.options.region}::"
    plan = gateway.create_usage_plan(name="tagged", tags={"old": "1", "kept": "2"})["id"]
    key = gateway.create_api_key(name="tagged", tags={"old": "1", "kept": "2"})["id"]
    deployment = gateway.create_deployment(restApiId=api.id)["id"]
    stage = {"restApiId": api.id, "stageName": "tagged"}
    gateway.create_stage(**stage, deploymentId=deployment, tags={"old": "1", "kept": "2"})
    described: dict[str, Callable[[], dict[str, Any]]] = {
        f"/restapis/{api.id}": lambda: gateway.get_rest_api(restApiId=api.id),
        f"/restapis/{api.id}/stages/tagged": lambda: gateway.get_stage(**stage),
        f"/usageplans/{plan}": lambda: gateway.get_usage_plan(usagePlanId=plan),
        f"/apikeys/{key}": lambda: gateway.get_api_key(apiKey=key),
    }
    for path, describe in described.items():
        gateway.tag_resource(resourceArn=arn + path, tags={"new": "3"})
        gateway.untag_resource(resourceArn=arn + path, tagKeys=["old"])
        assert describe()["tags"] == {"kept": "2", "new": "3"}
        assert gateway.get_tags(resourceArn=arn + path)["tags"] == {"kept": "2", "new": "3"}
    http = sandbox.http_gateway
    tags = {"old": "1", "kept": "2"}
    http_api = http.create_api(Name="tagged", ProtocolType="HTTP", Tags=tags)["ApiId"]
    http.create_stage(ApiId=http_api, StageName="tagged", Tags=tags)
    for path in (f"/apis/{http_api}", f"/apis/{http_api}/stages/tagged"):
        http.tag_resource(ResourceArn=arn + path, Tags={"new": "3"})
        http.untag_resource(ResourceArn=arn + path, TagKeys=["old"])
    assert http.get_api(ApiId=http_api)["Tags"] == {"kept": "2", "new": "3"}
    assert http.get_stage(ApiId=http_api, StageName="tagged")["Tags"] == {"kept": "2", "new": "3"}


def alarm_expressions(sandbox: Sandbox) -> None:
    """An alarm evaluates its expression, of metrics with exactly its dimensions, in each of its last periods."""
    cloudwatch = sandbox.client("cloudwatch")
    now = dt.datetime.now(dt.UTC)

    def put(name: str, api: str, *values: float) -> None:
        for periods, value in enumerate(values):
            data = {
                "MetricName": name,
                "Dimensions": [{"Name": "Api", "Value": api}],
                "Timestamp": now - dt.timedelta(seconds=30 + 60 * periods),
                "Value": value,
            }
            cloudwatch.put_metric_data(Namespace="Expressions", MetricData=[data])

    def alarm(name: str, api: str, periods: int = 1) -> str:
        metrics = [
            {"Id": each.lower(), "ReturnData": False, "MetricStat": {
                "Metric": {"Namespace": "Expressions", "MetricName": each,
                           "Dimensions": [{"Name": "Api", "Value": api}]},
                "Period": 60, "Stat": "Sum",
            }}
            for each in ("Errors", "Requests")
        ]  # fmt: skip
        expression = "IF(errors >= 5, 100 * errors / requests, 0)"
        cloudwatch.put_metric_alarm(
            AlarmName=name, ComparisonOperator="GreaterThanThreshold", Threshold=1, EvaluationPeriods=periods,
            TreatMissingData="notBreaching",
            Metrics=[*metrics, {"Id": "rate", "Expression": expression, "ReturnData": True}],
        )  # fmt: skip
        (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        assert found.get("Metrics", [{}])[-1].get("Expression") == expression
        return found["StateValue"]

    for name, values in {"Errors": (10, 4), "Requests": (100, 5)}.items():
        put(name, "a", *values)
    assert alarm("goes-off", "a") == "ALARM"
    assert alarm("too-few-errors-before", "a", periods=2) == "OK"
    assert alarm("another-api", "b") == "OK"
    cloudwatch.delete_alarms(AlarmNames=["goes-off", "too-few-errors-before", "another-api"])
    _alarms_of_tables(sandbox)


def _alarms_of_tables(sandbox: Sandbox) -> None:
    """An alarm of DynamoDB's metrics keeps its state while there is no data; a series of zeros ends it."""
    cloudwatch = sandbox.client("cloudwatch")
    metric = {"Namespace": "AWS/DynamoDB", "MetricName": "SystemErrors", "Dimensions": []}
    query = {"Id": "m0", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    expected = {"m0": "ALARM", "m0 + TIME_SERIES(0)": "OK"}
    for expression in expected:
        cloudwatch.put_metric_alarm(
            AlarmName=expression, ComparisonOperator="GreaterThanOrEqualToThreshold", Threshold=1, EvaluationPeriods=1,
            TreatMissingData="notBreaching",
            Metrics=[query, {"Id": "result", "Expression": expression, "ReturnData": True}],
        )  # fmt: skip
        cloudwatch.set_alarm_state(AlarmName=expression, StateValue="ALARM", StateReason="There were errors.")
    before = {"MetricName": "SystemErrors", "Value": 1, "Timestamp": dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)}
    cloudwatch.put_metric_data(Namespace="AWS/DynamoDB", MetricData=[before])
    found = cloudwatch.describe_alarms(AlarmNames=[*expected])["MetricAlarms"]
    cloudwatch.delete_alarms(AlarmNames=[*expected])
    assert {each["AlarmName"]: each["StateValue"] for each in found} == expected


def saved_queries(sandbox: Sandbox) -> None:
    """A query is saved, overwritten with everything that it has, found by the beginning of its name, and deleted."""
    logs = sandbox.logs

    def found() -> list[Any]:
        queries = logs.describe_query_definitions(queryDefinitionNamePrefix="a/")["queryDefinitions"]
        return [{name: value for name, value in each.items() if name != "lastModified"} for each in queries]

    try:
        logs.put_query_definition(name="b/other", queryString="limit 1")
        values = {"name": "a/first", "queryString": "limit 1"}
        query_id = logs.put_query_definition(**values, logGroupNames=["/a"])["queryDefinitionId"]
        assert found() == [{"queryDefinitionId": query_id, **values, "logGroupNames": ["/a"]}]
        logs.put_query_definition(queryDefinitionId=query_id, **values)
        assert found() == [{"queryDefinitionId": query_id, **values}]
        assert logs.delete_query_definition(queryDefinitionId=query_id)["success"]
        assert found() == []
    except ClientError as error:
        raise AssertionError from error
    for call in (logs.delete_query_definition, partial(logs.put_query_definition, **values)):
        with pytest.raises(logs.exceptions.ResourceNotFoundException):
            call(queryDefinitionId=query_id)


def firewall_settings(sandbox: Sandbox) -> None:
    """A web ACL has one log, which can be replaced and deleted, and keeps its data protection."""
    waf = sandbox.client("wafv2")
    metric = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": "a"}
    protection = {"DataProtections": [{"Action": "SUBSTITUTION", "Field": {"FieldType": "BODY"}}]}
    values = {"Name": "a", "Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": metric}
    acl = waf.create_web_acl(**values, DataProtectionConfig=protection)["Summary"]
    identity = {"Name": "a", "Scope": "REGIONAL", "Id": acl["Id"]}
    try:
        assert waf.get_web_acl(**identity)["WebACL"].get("DataProtectionConfig") == protection
        group = "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-a"
        for fields in ([{"QueryString": {}}], [{"SingleHeader": {"Name": "cookie"}}]):
            log = {"ResourceArn": acl["ARN"], "LogDestinationConfigs": [group], "RedactedFields": fields}
            waf.put_logging_configuration(LoggingConfiguration=log)
            assert waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"] == log
        for wrong in ({"ResourceArn": f"{acl['ARN']}0"}, {"LogDestinationConfigs": [group.replace("aws-waf", "waf")]}):
            with pytest.raises(waf.exceptions.ClientError):
                waf.put_logging_configuration(LoggingConfiguration=log | wrong)
        waf.delete_logging_configuration(ResourceArn=acl["ARN"])
        with pytest.raises(waf.exceptions.WAFNonexistentItemException):
            waf.get_logging_configuration(ResourceArn=acl["ARN"])
        waf.update_web_acl(**values, Id=acl["Id"], LockToken=waf.get_web_acl(**identity)["LockToken"])
        assert "DataProtectionConfig" not in waf.get_web_acl(**identity)["WebACL"]
    finally:
        waf.delete_web_acl(**identity, LockToken=waf.get_web_acl(**identity)["LockToken"])


def access_logs(sandbox: Sandbox) -> None:
    """Each request, successful or not, adds a line to the stage's log group, with the authorizer's invocation id."""
    sandbox.logs.create_log_group(logGroupName="access")
    api = sandbox.api()
    printing = AUTHORIZER.replace("    overrides =", "    print('invocation', context.aws_request_id)\n    overrides =")
    authorizer_function = sandbox.function(printing)
    api.proxy(authorizer=api.authorizer(authorizer_function, ttl=300)).deploy()
    names = "httpMethod status path authorizer.code error.responseType resourcePath authorizer.requestId"
    options = sandbox.emulator.options
    settings = {
        "destinationArn": f"arn:aws:logs:{options.region}:{options.account}:log-group:access",
        "format": json.dumps({name: f"$context.{name}" for name in names.split()}),
    }
    sandbox.gateway.update_stage(
        restApiId=api.id,
        stageName="test",
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings.items()
        ],
    )
    for _first_then_cached in range(2):
        api.call(token={"context": {"code": "c"}})
    api.call(token={"raise": "Unauthorized"})
    api.call(token={"context": {"code": []}})
    api.call(path="/nothing")
    events = sandbox.logs.filter_log_events(logGroupName="access")["events"]
    lines = [list(json.loads(event["message"]).values()) for event in events]
    first, second, third = re.findall(rf"{authorizer_function.name} \| invocation (\S+)", sandbox.functions_log())

    assert lines == [
        ["GET", "200", "/test/", "c", "-", "/", first],
        ["GET", "200", "/test/", "c", "-", "/", "-"],
        ["GET", "401", "/test/", "-", "UNAUTHORIZED", "/", second],
        ["GET", "500", "/test/", "-", "AUTHORIZER_CONFIGURATION_ERROR", "/", third],
        ["GET", "403", "/test/nothing", "-", "MISSING_AUTHENTICATION_TOKEN", "-", "-"],
    ]


def clean_interpreter(sandbox: Sandbox) -> None:
    """A function sees the standard library, its own variables and Lambda's, and none of the emulator's."""
    source = """
        import importlib.util, os, sqlite3, ssl
        def handler(event, context):
            packages = [name for name in ("ministack", "cryptography", "boto3") if importlib.util.find_spec(name)]
            return {"packages": packages, "environment": dict(os.environ)}
    """.replace("\n        ", "\n")
    found = sandbox.invoke(sandbox.function(source, Environment={"Variables": {"MINE": "1"}}))
    others = {
        name
        for name in found["environment"]
        if not name.startswith(("AWS_", "LAMBDA_", "_LAMBDA_")) and name not in {"LANG", "MINE", "PATH", "TMPDIR", "TZ"}
    }

    assert found["packages"] == []
    assert found["environment"]["MINE"] == "1"
    assert others <= {"LC_CTYPE", "_MINISTACK_INVOKE_DEPTH"}


def worker_survives(sandbox: Sandbox) -> None:
    """A function that raised an exception is not initialised again."""
    source = """
        count = 0
        def handler(event, context):
            global count
            count += 1
            if event:
                raise Exception(event)
            return count
    """.replace("\n        ", "\n")
    function = sandbox.function(source)

    assert sandbox.invoke(function, "no")["errorMessage"] == "no"
    assert sandbox.invoke(function, "no again")["errorMessage"] == "no again"
    assert sandbox.invoke(function) == 3


def running_invocations(sandbox: Sandbox) -> None:
    """An invocation completes with the old code and configuration when its function is changed meanwhile."""
    slow = sandbox.function("import time\n\ndef handler(event, context):\n    time.sleep(1)\n    return 'old'\n")
    changes: tuple[Callable[[], object], ...] = (
        lambda: sandbox.functions.update_function_configuration(FunctionName=slow.name, MemorySize=512),
        lambda: sandbox.functions.update_function_code(FunctionName=slow.name, ZipFile=zip_of(returning("'new'"))),
    )
    sandbox.invoke(slow)
    for change in changes:
        with ThreadPoolExecutor() as threads:
            running = threads.submit(sandbox.invoke, slow)
            time.sleep(0.3)
            change()
            assert running.result() == "old"
    assert sandbox.invoke(slow) == "new"


def payload_limits(sandbox: Sandbox) -> None:
    """Too large a request is rejected, and too large a response is an error of the function."""
    api = sandbox.api().proxy(returning("{'statusCode': 200, 'body': ''}"), "POST")
    api.proxy(returning("{'statusCode': 200, 'body': 'x' * 6_300_000}")).deploy()
    long = api.call("POST", content=b"x" * 6_300_000)

    assert (long.status_code, long.text) == (413, '{"message":"Request Too Long"}')
    assert api.call("POST", content=b"x" * 6_000_000).status_code == 200
    assert api.call().status_code == 502
    with pytest.raises(sandbox.functions.exceptions.InvalidParameterValueException, match="exceeded the 4KB limit"):
        sandbox.function(ECHO, Environment={"Variables": {"LONG": "x" * 4096}})


def function_logs(sandbox: Sandbox) -> None:
    """Lines appear while the function runs, also in the log group, and printing nothing causes no delay."""
    prints = (
        "import time\ndef handler(event, context):\n    print('started')\n    time.sleep(event)\n    print('done')\n"
    )
    printing, silent = sandbox.function(prints), sandbox.function(returning("None"))
    sandbox.functions.invoke(FunctionName=printing.name, Payload="4", InvocationType="Event")
    assert eventually(lambda: f"{printing.name} | started\n" in sandbox.functions_log())
    assert f"{printing.name} | done\n" not in sandbox.functions_log()

    sandbox.invoke(printing, 0)
    events = sandbox.logs.filter_log_events(logGroupName=f"/aws/lambda/{printing.name}")["events"]
    assert {"started", "done"} <= {event["message"] for event in events}

    raises = sandbox.function("import json\ndef handler(event, context):\n    json.loads('')\n")
    sandbox.invoke(raises)
    lines = [line for line in sandbox.functions_log().splitlines() if line.startswith(f"{raises.name} | ")]
    record = json.loads(lines[-1].partition(" | ")[2])
    assert (record["level"], record["errorType"]) == ("ERROR", "JSONDecodeError")
    assert record["errorMessage"] == "Expecting value: line 1 column 1 (char 0)"
    assert "json.loads('')" in "".join(record["stackTrace"])
    assert len(lines) == 1

    sandbox.invoke(silent)
    times: dict[Function, list[float]] = {printing: [], silent: []}
    for function in [printing, silent] * 15:
        started = time.perf_counter()
        sandbox.invoke(function, 0)
        times[function].append(time.perf_counter() - started)
    assert statistics.median(times[silent]) < 2 * statistics.median(times[printing])


def function_log_levels(sandbox: Sandbox) -> None:
    """JSON lines below the function's level are dropped; one without a level or a valid timestamp is INFO."""
    when = "2027-01-15T08:00:00"
    lines = {
        "info": {"level": "INFO", "timestamp": f"{when}Z"},
        "warn": {"level": "warn", "timestamp": f"{when}.000Z"},
        "error": {"level": "ERROR", "timestamp": f"{when}.123456+01:00"},
        "debug": {"level": "DEBUG", "timestamp": f"{when}Z"},
        "without-timestamp": {"level": "ERROR"},
        "without-zone": {"level": "ERROR", "timestamp": when},
        "impossible-time": {"level": "ERROR", "timestamp": when.replace("01", "13") + "Z"},
        "without-level": {"timestamp": f"{when}Z"},
        "unknown-level": {"level": "LOUD", "timestamp": f"{when}Z"},
    }
    texts = [*(json.dumps({"name": name, **line}) for name, line in lines.items()), '"name": "text"']
    prints = f"def handler(event, context):\n    for line in {texts!r}:\n        print(line)\n"

    def names(printed: Iterable[str]) -> list[str]:
        return re.findall(r'"name": "([\w-]+)"', "\n".join(printed))

    def logged(**settings: str) -> set[str]:
        """Return the names in the function's log group, after a comparison with the file of all functions."""
        function = sandbox.function(prints, LoggingConfig=settings)
        sandbox.invoke(function)
        events = sandbox.logs.filter_log_events(logGroupName=f"/aws/lambda/{function.name}")["events"]
        file = (line for line in sandbox.functions_log().splitlines() if line.startswith(f"{function.name} |"))
        found = names(event["message"] for event in events)
        assert found == names(file)
        return set(found)

    everything = {*lines, "text"}
    assert logged(LogFormat="Text") == everything
    assert logged(LogFormat="JSON", ApplicationLogLevel="TRACE") == everything
    assert logged(LogFormat="JSON") == everything - {"debug"}
    assert logged(LogFormat="JSON", ApplicationLogLevel="WARN") == {"warn", "error"}
    assert logged(LogFormat="JSON", ApplicationLogLevel="FATAL") == set()


def table_settings(sandbox: Sandbox) -> None:
    """An index's maximum throughput and the recovery period are kept, and no index has a capacity on demand."""
    client, units = sandbox.client("dynamodb"), {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
    key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    index = {"IndexName": "all", "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": units, **key}
    client.create_table(
        TableName="settings", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], **key,
        ProvisionedThroughput=units, GlobalSecondaryIndexes=[index],
    )  # fmt: skip
    client.update_table(TableName="settings", BillingMode="PAY_PER_REQUEST")
    limits = {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 6}
    update = {"Update": {"IndexName": "all", "OnDemandThroughput": limits}}
    client.update_table(TableName="settings", GlobalSecondaryIndexUpdates=[update])
    (found,) = client.describe_table(TableName="settings")["Table"]["GlobalSecondaryIndexes"]
    assert found["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert found["OnDemandThroughput"] == limits
    for given, days in (({}, 35), ({"RecoveryPeriodInDays": 7}, 7)):
        recovery = {"PointInTimeRecoveryEnabled": True, **given}
        client.update_continuous_backups(TableName="settings", PointInTimeRecoverySpecification=recovery)
        described = client.describe_continuous_backups(TableName="settings")["ContinuousBackupsDescription"]
        assert described["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == days


def table_keys(sandbox: Sandbox) -> None:
    """A role that may use an encrypted table needs permission to use its key through DynamoDB."""
    client, kms, region = sandbox.client("dynamodb"), sandbox.client("kms"), sandbox.emulator.options.region
    key = kms.create_key()["KeyMetadata"]
    table = client.create_table(
        TableName="encrypted", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key["Arn"]},
    )["TableDescription"]  # fmt: skip
    read = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table["TableArn"]}
    policy = json.dumps({"Statement": [read]})
    sandbox.client("iam").put_role_policy(RoleName=ROLE, PolicyName="table", PolicyDocument=policy)
    reader = sandbox.as_role("dynamodb")

    def may_read(**condition: dict[str, str]) -> bool:
        """Read the table with a policy of the key that allows its use on this condition."""
        use = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}
        statements = [use | {"Condition": condition}] if condition else []
        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps({"Statement": statements}))
        try:
            reader.get_item(TableName="encrypted", Key={"id": {"S": "x"}})
        except reader.exceptions.ClientError as error:
            return error.response["Error"]["Code"] != "AccessDeniedException"
        return True

    assert not may_read()
    assert may_read(StringEquals={"kms:ViaService": f"dynamodb.{region}.amazonaws.com"})
    assert not may_read(StringEquals={"kms:ViaService": f"s3.{region}.amazonaws.com"})
    assert may_read(ArnLike={"aws:PrincipalArn": f"arn:aws:iam::*:role/{ROLE[:4]}*"})
    assert not may_read(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/other*"})


CHECKS: dict[str, Callable[[Sandbox], None]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        authorizer_policies,
        authorizer_output,
        unauthorized_exactly,
        authorizer_context,
        authorizer_cache_flush,
        identity_sources,
        usage_identifier_keys,
        custom_domains,
        deployment_snapshots,
        proxy_events,
        proxy_responses,
        remapped_headers,
        lambda_permissions,
        response_cache,
        mock_templates,
        request_models,
        typed_updates,
        resource_tags,
        point_in_time_recovery,
        restore_permissions,
        alarm_expressions,
        saved_queries,
        firewall_settings,
        access_logs,
        clean_interpreter,
        worker_survives,
        running_invocations,
        payload_limits,
        function_logs,
        function_log_levels,
        table_settings,
        table_keys,
    )
} | HTTP_CHECKS
CHECKS.update(COGNITO_CHECKS)
