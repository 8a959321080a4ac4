"""One check per correction of HTTP APIs: behaviour of AWS that MiniStack lacks. Each check creates its own API."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tests.e2e.emulator.sandbox import ECHO, HTTP_AUTHORIZER, allowing, returning

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.emulator.sandbox import HttpApi, Sandbox

ORIGIN = "https://a.example"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}


def http_authorizers(sandbox: Sandbox) -> None:
    """All elements of the policy are evaluated, also while it is cached; failures reveal nothing."""
    api = sandbox.http_api()
    authorizer = api.authorizer(ttl=300)
    api.proxy(authorizer=authorizer).proxy(key="GET /a/{id}", authorizer=authorizer).deploy()
    arn = f"{api.execution_arn}/test/GET/"
    api.call(token=allowing())  # warm up the functions, because the following requests are timed
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)
    expiring = allowing(Condition={"DateLessThan": {"aws:CurrentTime": soon.isoformat()}})

    def answer(token: object) -> tuple[int, object]:
        response = api.call(token=token)
        return response.status_code, response.json() if response.status_code != 200 else None

    forbidden, failed = (403, {"message": "Forbidden"}), (500, {"message": "Internal Server Error"})
    assert answer(expiring) == answer(allowing(Resource=arn)) == (200, None)
    assert answer(allowing(NotResource=arn)) == forbidden
    assert answer(allowing(Action="s3:GetObject")) == forbidden
    assert api.call(path="/a/b%0Ac", token=allowing(Resource=f"{arn}a/*")).status_code == 200
    assert answer({"raise": "Unauthorized"}) == (401, {"message": "Unauthorized"})
    for other in ("unauthorized", " Unauthorized", "a secret"):
        assert answer({"raise": other}) == failed
    for wrong in ({"context": {"long": "x" * 8192}}, {"policyDocument": {"Statement": [{"Effect": "Allow"}]}}):
        assert answer(wrong) == failed
    time.sleep(max(0.0, (soon - dt.datetime.now(dt.UTC)).total_seconds()))
    assert answer(expiring) == forbidden


def http_cache_flush(sandbox: Sandbox) -> None:
    """After a flush, the stage's authorizers are invoked again, and those of other APIs are not."""
    counting = HTTP_AUTHORIZER.replace("import json", "import json, itertools\ncounter = itertools.count(1)").replace(
        "{**output, **overrides}", "{**output, **overrides, 'context': {'calls': next(counter)}}"
    )
    api, other = sandbox.http_api(), sandbox.http_api()
    authorizer_function = sandbox.function(counting)
    for each in (api, other):
        each.proxy(authorizer=each.authorizer(authorizer_function, ttl=300)).deploy()

    def calls(of: HttpApi) -> int:
        answer = of.call(token={})
        assert answer.status_code == 200
        return answer.json()["requestContext"]["authorizer"]["lambda"]["calls"]

    def flushed(stage: str) -> int:
        try:
            response = sandbox.http_gateway.reset_authorizers_cache(ApiId=api.id, StageName=stage)
        except ClientError as error:
            return 404 if error.response.get("Error", {}).get("Code") == "NotFoundException" else 0
        return response["ResponseMetadata"]["HTTPStatusCode"]

    assert [calls(api), calls(other), calls(api), calls(other)] == [1, 2, 1, 2]
    assert flushed("test") == 204
    assert [calls(api), calls(other), calls(api)] == [3, 2, 3]
    assert flushed("none") == 404


def http_deployment_snapshots(sandbox: Sandbox) -> None:
    """Changes after a deployment take effect with the next one, and a stage without one has no routes."""
    api = sandbox.http_api().proxy(returning("{'statusCode': 200, 'body': 'old'}"))
    sandbox.http_gateway.create_stage(ApiId=api.id, StageName="test")
    assert api.call().status_code == 404
    api.deploy()
    (integration,) = sandbox.http_gateway.get_integrations(ApiId=api.id)["Items"]
    replacement = sandbox.function(returning("{'statusCode': 200, 'body': 'new'}"))
    sandbox.http_gateway.update_integration(
        ApiId=api.id, IntegrationId=integration["IntegrationId"], IntegrationUri=replacement.uri
    )
    api.proxy(key="GET /added")
    sandbox.http_gateway.update_api(ApiId=api.id, CorsConfiguration={"AllowOrigins": ["*"]})

    assert api.call().text == "old"
    assert api.call(path="/added").status_code == 404
    assert api.call("OPTIONS", headers=PREFLIGHT).status_code == 404
    api.deploy()
    assert api.call().text == "new"
    assert api.call(path="/added").status_code == 200
    assert api.call("OPTIONS", headers=PREFLIGHT).status_code == 204


def http_events(sandbox: Sandbox) -> None:
    """The event contains the stage's prefix and variables, cookies, and the request id of the response."""
    api = sandbox.http_api().proxy(key="GET /a/{id}").deploy(StageVariables={"colour": "red"})
    headers = [("X-Many", "a"), ("X-Many", "b"), ("Cookie", "c=1; d=2")]
    answer = sandbox.http.get(f"{sandbox.url(api.id)}/a/7?q=1&q=2", headers=headers)
    event = answer.json()

    assert (event["version"], event["routeKey"]) == ("2.0", "GET /a/{id}")
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/test/a/7"
    assert event["pathParameters"] == {"id": "7"}
    assert (event["rawQueryString"], event["queryStringParameters"]) == ("q=1&q=2", {"q": "1,2"})
    assert event["headers"]["x-many"] in ("a,b", "a, b")
    assert (event.get("cookies"), "cookie" in event["headers"]) == (["c=1", "d=2"], False)
    assert event.get("stageVariables") == {"colour": "red"}
    assert event["requestContext"]["requestId"] == answer.headers["apigw-requestid"]
    assert sandbox.http.get(sandbox.url(api.id)).json() == {"message": "Not Found"}


def http_responses(sandbox: Sandbox) -> None:
    """Failures of a function lead to 500 or 503 without details."""
    api = sandbox.http_api()
    wrong = {
        "/raises": "def handler(event, context):\n    raise ValueError('a secret')\n",
        "/exits": "import os\ndef handler(event, context):\n    os._exit(1)\n",
        "/object": returning("{'statusCode': 200, 'body': {'a': 'secret'}}"),
        "/status": returning("{'statusCode': 'abc'}"),
        "/headers": returning("{'statusCode': 200, 'headers': 'a secret'}"),
    }
    for path, source in wrong.items():
        api.proxy(source, f"GET {path}")
    sleeper = sandbox.function("import time\ndef handler(event, context):\n    time.sleep(9)\n", Timeout=1)
    api.proxy(sleeper, "GET /late", TimeoutInMillis=50)
    throttled = sandbox.function(ECHO)
    sandbox.functions.put_function_concurrency(FunctionName=throttled.name, ReservedConcurrentExecutions=0)
    api.proxy(throttled, "GET /throttled").proxy(returning("{'plain': True}"), "GET /plain").deploy()

    for path in wrong:
        answer = api.call(path=path)
        assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"}), path
    for path in ("/late", "/throttled"):
        answer = api.call(path=path)
        assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"}), path
    plain = api.call(path="/plain")
    assert (plain.status_code, plain.json()) == (200, {"plain": True})


def http_lambda_permissions(sandbox: Sandbox) -> None:
    """A function whose policy does not allow the caller is not invoked. An alias needs its own permission."""
    api = sandbox.http_api()
    function = sandbox.function(ECHO, permit=False)
    authorizer_function = sandbox.function(HTTP_AUTHORIZER, permit=False)
    authorizer = api.authorizer(authorizer_function)
    api.proxy(function, "GET /items/{id}").proxy(function, "GET /other")
    api.proxy(function, "GET /items", authorizer=authorizer).deploy()

    for path in ("/items/1", "/items"):
        assert api.call(path=path, token={}).json() == {"message": "Internal Server Error"}
    sandbox.permit(function, f"{api.execution_arn}/*/GET/items*")
    sandbox.permit(authorizer_function, f"{api.execution_arn}/authorizers/*")
    for path in ("/items/1", "/items"):
        assert api.call(path=path, token={}).status_code == 200
    assert api.call(path="/other").status_code == 500

    alias = sandbox.alias(sandbox.function(ECHO))  # the function is permitted without a qualifier, for all sources
    api.proxy(alias, "GET /alias").deploy()
    assert api.call(path="/alias").status_code == 500
    sandbox.permit(alias)
    assert api.call(path="/alias").status_code == 200


def http_cors(sandbox: Sandbox) -> None:
    """Only preflights from allowed origins get CORS headers, and an integration's are ignored."""
    cors = {"AllowOrigins": [ORIGIN], "AllowMethods": ["PUT"], "AllowHeaders": ["if-match"], "MaxAge": 9}
    own = "{'statusCode': 200, 'headers': {'access-control-allow-origin': '*', 'Access-Control-Max-Age': '1'}}"
    api = sandbox.http_api(CorsConfiguration={**cors, "ExposeHeaders": ["ETag"]}).proxy(returning(own)).deploy()
    without = sandbox.http_api().proxy(returning(own)).deploy()

    def headers(sent: dict[str, str], method: str = "GET", of: HttpApi = api) -> tuple[int, dict[str, str]]:
        answer = of.call(method, headers=sent)
        found = {name.lower(): value for name, value in answer.headers.items()}
        prefix = "access-control-"
        return answer.status_code, {name.removeprefix(prefix): found[name] for name in found if name.startswith(prefix)}

    common = {"allow-origin": ORIGIN, "expose-headers": "ETag"}
    allowed = {**common, "allow-methods": "PUT", "allow-headers": "if-match", "max-age": "9"}
    elsewhere = {"Origin": "https://b.example"}
    assert headers(PREFLIGHT, "OPTIONS") == (204, allowed)
    assert headers(PREFLIGHT | elsewhere, "OPTIONS") == (204, {})
    assert headers({"Origin": ORIGIN}, "OPTIONS") == (404, {})
    assert headers(PREFLIGHT, "OPTIONS", without) == (404, {})
    assert headers({"Origin": ORIGIN}) == (200, common)
    assert headers(elsewhere) == headers({}) == (200, {})
    assert headers({}, of=without) == (200, {"allow-origin": "*", "max-age": "1"})


def http_payload_limits(sandbox: Sandbox) -> None:
    """A request that is too large for API Gateway or for Lambda is rejected."""
    api = sandbox.http_api().proxy(returning("{'statusCode': 200}"), "POST /").deploy()
    assert api.call("POST", content=b"x" * 4_000_000).status_code == 200
    for size in (6_300_000, 10 * 1024 * 1024 + 1):
        answer = api.call("POST", content=b"x" * size)
        assert (answer.status_code, answer.text) == (413, '{"message":"Request Entity Too Large"}')


def http_access_logs(sandbox: Sandbox) -> None:
    """Each request, successful or not, adds a line to the stage's log group."""
    sandbox.logs.create_log_group(logGroupName="/http-access")
    group = f"arn:aws:logs:{sandbox.emulator.options.region}:{sandbox.emulator.options.account}:log-group:/http-access"
    names = "httpMethod routeKey status error.responseType authorizer.code authorizer.error integrationErrorMessage"
    template = json.dumps({**{name: f"$context.{name}" for name in names.split()}, "id": "$context.requestId"})
    raising = "def handler(event, context):\n    raise ValueError('broken')\n"
    api = sandbox.http_api()
    authorizer = api.authorizer()
    api.proxy(authorizer=authorizer).proxy(raising, "GET /raises")
    api.deploy(AccessLogSettings={"DestinationArn": group, "Format": template})
    answers = [
        api.call(token={"context": {"code": 7}}), api.call(), api.call(token={"raise": "broken"}),
        api.call(path="/raises"), api.call(path="/none"),
        api.call(token={**allowing(Resource="arn:aws:execute-api:::nothing"), "context": {"code": 8}}),
    ]  # fmt: skip
    events = sandbox.logs.filter_log_events(logGroupName="/http-access")["events"]
    lines = [json.loads(event["message"]) for event in events]

    assert [line.pop("id") for line in lines] == [answer.headers["apigw-requestid"] for answer in answers]
    assert [list(line.values()) for line in lines] == [
        ["GET", "GET /", "200", "-", "7", "-", "-"],
        ["GET", "GET /", "401", "UNAUTHORIZED", "-", "-", "-"],
        ["GET", "GET /", "500", "-", "-", "broken", "-"],
        ["GET", "GET /raises", "500", "-", "-", "-", "broken"],
        ["GET", "-", "404", "NOT_FOUND", "-", "-", "-"],
        ["GET", "GET /", "403", "ACCESS_DENIED", "8", "-", "-"],
    ]


HTTP_CHECKS: dict[str, Callable[[Sandbox], None]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        http_authorizers,
        http_cache_flush,
        http_deployment_snapshots,
        http_events,
        http_responses,
        http_lambda_permissions,
        http_cors,
        http_payload_limits,
        http_access_logs,
    )
}
