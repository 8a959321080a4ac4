"""The gateway's events: REST's TOKEN and REQUEST authorizers, and HTTP APIs with payload format 2.0."""

from typing import Any

import pytest

from authorizer.errors import EventMalformed
from tests.unit.authorizer.provider import STAGE, Harness, allowed, present, token

HTTP = {"version": "2.0", "type": "REQUEST", "routeArn": STAGE + "GET/items", "headers": {"accept": "*/*"}}
UNKNOWN = "the event must be a TOKEN or REQUEST event, or have payload format 2.0"


def rest(**changes: Any) -> dict[str, Any]:
    """Return the event of a REST API's REQUEST authorizer. Members with the value `...` are omitted."""
    return present(
        {
            "type": "REQUEST",
            "methodArn": STAGE + "GET/items/1",
            "resource": "/items/{id}",
            "path": "/items/1",
            "httpMethod": "GET",
            "headers": {"authorization": f"Bearer {token()}"},
            "multiValueHeaders": {"authorization": [f"Bearer {token()}"]},
            **changes,
        }
    )


def http(**changes: Any) -> dict[str, Any]:
    """Return the event of an HTTP API whose policies are cached for each route."""
    sources = [f"Bearer {token()}", "GET /items/{id}"]
    arn = STAGE + "GET/items/1"
    return {**HTTP, "routeArn": arn, "routeKey": "GET /items/{id}", "identitySource": sources, **changes}


def decide(event: dict[str, Any]) -> dict[str, Any]:
    return Harness().authorizer(event, None)


def test_both_kinds_of_events_have_the_same_result() -> None:
    credentials = f"Bearer {token()}"
    rest = decide({"type": "TOKEN", "authorizationToken": credentials, "methodArn": STAGE + "GET/items"})
    assert decide({**HTTP, "identitySource": [credentials]}) == rest
    assert decide({**HTTP, "headers": {"authorization": credentials}}) == rest
    assert decide({**HTTP, "identitySource": None, "headers": {"authorization": credentials}}) == rest


@pytest.mark.parametrize(
    "prefix",
    [
        "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/prod/",
        "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdefghij/prod/",
        "arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abcdefghij/v1_2-x/",
        "arn:aws:execute-api:eu-central-1:000000000000:a1/$default/",
    ],
)
def test_resources_begin_with_the_stage_of_the_method_arn(prefix: str) -> None:
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {token()}", "methodArn": prefix + "GET/items/1"}
    resources = decide(event)["policyDocument"]["Statement"][0]["Resource"]
    assert resources
    assert all(resource.startswith(prefix) for resource in resources)


@pytest.mark.parametrize(
    "arn",
    [
        None,
        "",
        5,
        "*",
        "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij",
        "arn:aws:execute-api:eu-central-1:123456789012:*/prod/GET/items",
        "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/*/GET/items",
        "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/pr?d/GET/items",
        "arn:aws:execute-api:*:123456789012:abcdefghij/prod/GET/items",
        "arn:aws:execute-api:eu-central-1:12345678901:abcdefghij/prod/GET/items",
        "arn:aws:execute-api:eu-central-1:١٢٣٤٥٦٧٨٩٠١٢:abcdefghij/prod/GET/items",
        "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij//GET/items",
        "arn:aws:lambda:eu-central-1:123456789012:abcdefghij/prod/GET/items",
        "arn:evil:execute-api:eu-central-1:123456789012:abcdefghij/prod/GET/items",
        "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/prod\n/GET/items",
    ],
)
def test_an_invalid_method_arn_is_a_fault(arn: object) -> None:
    with pytest.raises(
        EventMalformed, match=r"^(the event must have a method ARN|the ARN must be that of a method of API Gateway)$"
    ):
        decide({"type": "TOKEN", "authorizationToken": f"Bearer {token()}", "methodArn": arn})


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"methodArn": STAGE + "GET/items"}, UNKNOWN),
        ({"type": "REQUEST", "version": "1.0", "methodArn": STAGE}, UNKNOWN),
        ({**HTTP, "identitySource": "Bearer x"}, "the identity sources must be a list"),
        ({**HTTP, "identitySource": ["Bearer x", "Bearer y"]}, "the event must name its route"),
        (http(routeKey="GET /users/{id}"), "the event must name its route"),
        (http(routeKey=...), "the event must name its route"),
        (http(routeKey="$default", identitySource=["Bearer x", "$default"]), "the event must name its route"),
        (rest(resource=...), "the event must name its route"),
        (rest(httpMethod=5), "the event must name its route"),
        (rest(headers=["Authorization"]), "the headers must be an object"),
        (rest(multiValueHeaders="Bearer x"), "the headers must be an object"),
        (rest(headers={"Authorization": 5}), "the credentials must be a string"),
        ({**HTTP, "identitySource": [5]}, "the credentials must be a string"),
        (
            {"type": "TOKEN", "authorizationToken": 5, "methodArn": STAGE + "GET/items"},
            "the credentials must be a string",
        ),
    ],
)
def test_an_unknown_event_is_a_fault(event: dict[str, Any], message: str) -> None:
    with pytest.raises(EventMalformed, match=f"^{message}$"):
        decide(event)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "TOKEN", "methodArn": STAGE + "GET/items"},
        {"type": "TOKEN", "authorizationToken": None, "methodArn": STAGE + "GET/items"},
        {"type": "TOKEN", "authorizationToken": "", "methodArn": STAGE + "GET/items"},
        HTTP,
        {**HTTP, "identitySource": []},
        {**HTTP, "identitySource": [None]},
        {**HTTP, "identitySource": ["Bearer x", "Bearer y", "Bearer z"]},
        http(identitySource=[None, "GET /items/{id}"]),
        rest(headers=None, multiValueHeaders=None),
        rest(headers={}, multiValueHeaders={}),
        rest(headers={"Authorization": None}),
        rest(headers={"Authorization": "Bearer x", "authorization": f"Bearer {token()}"}),
        rest(multiValueHeaders={"Authorization": [f"Bearer {token()}", f"Bearer {token()}"]}),
        rest(multiValueHeaders={"Authorization": ["Bearer x"], "authorization": [f"Bearer {token()}"]}),
        {**HTTP, "identitySource": None, "headers": None},
    ],
)
def test_missing_credentials_are_unauthorized(event: dict[str, Any]) -> None:
    harness = Harness()
    with pytest.raises(Exception, match=r"^Unauthorized$") as caught:
        harness.authorizer(event, None)
    assert type(caught.value) is Exception
    assert harness.reason == "credentials_missing"


def test_a_cached_decision_is_not_used_for_another_stage() -> None:
    harness = Harness()
    credentials = f"Bearer {token()}"
    for stage in ("prod", "dev", "prod-2", "prod"):
        prefix = f"arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/{stage}/"
        answer = harness.authorizer({"authorizationToken": credentials, "methodArn": prefix + "GET/items"}, None)
        assert all(resource.startswith(prefix) for resource in answer["policyDocument"]["Statement"][0]["Resource"])
    assert allowed(answer)


class TestRoutes:
    """An event of a policy that is cached for each route has a policy about that route only."""

    @pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
    def test_the_name_of_the_header_may_be_in_any_case(self, name: str) -> None:
        credentials = f"Bearer {token()}"
        for multiple in ({name: [credentials]}, None):
            assert allowed(decide(rest(headers={name: credentials}, multiValueHeaders=multiple))) == ["GET/items/*"]

    def test_both_kinds_of_events_have_the_same_result(self) -> None:
        assert decide(rest()) == decide(http())

    @pytest.mark.parametrize(
        ("method", "path", "expected"),
        [
            ("GET", "/items", ["GET/items"]),
            ("HEAD", "/items", ["HEAD/items"]),
            ("POST", "/items", ["POST/items"]),
            ("PATCH", "/items/{id}", ["PATCH/items/*"]),
            ("GET", "/users/{id}", ["GET/users/*"]),
            ("DELETE", "/users/{id}", []),
            ("GET", "/orders", []),
        ],
    )
    def test_the_policy_is_about_the_route(self, method: str, path: str, expected: list[str]) -> None:
        arn = STAGE + method + path.replace("{id}", "1")
        output = decide(rest(methodArn=arn, httpMethod=method, resource=path))
        (statement,) = output["policyDocument"]["Statement"]
        assert allowed(output) == expected
        assert statement["Effect"] == ("Allow" if expected else "Deny")
        assert statement["Resource"] == [STAGE + method + path.replace("{id}", "*")]
        assert ("Condition" in statement) is bool(expected)
        assert output["context"]["scope"] == (
            f"{path.split('/')[1]}:{'read' if method in ('GET', 'HEAD') else 'write'}" if expected else ""
        )
        assert output["context"].get("error") == (None if expected else "insufficient_scope")

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/nothing"), ("PUT", "/items"), ("GET", "/items/{other}"), ("OPTIONS", "/items"), ("ANY", "/items")],
    )
    def test_a_route_that_the_api_does_not_have_is_a_fault(self, method: str, path: str) -> None:
        with pytest.raises(EventMalformed, match=r"^the route must be one of the API's routes$"):
            decide(rest(httpMethod=method, resource=path))

    def test_a_token_is_validated_once_for_all_routes(self) -> None:
        harness = Harness()
        credentials = {"headers": {"Authorization": f"Bearer {token()}"}, "multiValueHeaders": None}
        outputs = [
            harness.authorizer(rest(httpMethod=method, resource=path, **credentials), None)
            for _ in range(2)
            for method, path in (
                ("GET", "/items"),
                ("GET", "/items/{id}"),
                ("DELETE", "/users/{id}"),
                ("GET", "/users"),
            )
        ]
        assert [allowed(output) for output in outputs] == [["GET/items"], ["GET/items/*"], [], ["GET/users"]] * 2
        assert [line["CacheHits"] for line in harness.lines] == [0, *([1] * 7)]
        assert [line["outcome"] for line in harness.lines] == ["allow", "allow", "deny", "allow"] * 2

    def test_the_deployments_before_and_after_a_change_of_the_cache_are_served(self) -> None:
        harness = Harness()
        credentials = f"Bearer {token()}"
        by_token = {"type": "TOKEN", "authorizationToken": credentials, "methodArn": STAGE + "GET/items"}
        by_route = rest(headers={"authorization": credentials}, multiValueHeaders=None)
        for _ in range(2):
            assert "GET/users*" in allowed(harness.authorizer(by_token, None))
            assert allowed(harness.authorizer(by_route, None)) == ["GET/items/*"]
