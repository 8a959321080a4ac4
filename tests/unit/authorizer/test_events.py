"""The gateway's events: REST's TOKEN authorizer, and HTTP APIs with payload format 2.0."""

from typing import Any

import pytest

from authorizer.errors import EventMalformed
from tests.unit.authorizer.provider import STAGE, Harness, allowed, token

HTTP = {"version": "2.0", "type": "REQUEST", "routeArn": STAGE + "GET/items", "headers": {"accept": "*/*"}}


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
        ({"methodArn": STAGE + "GET/items"}, "the event must be a TOKEN event or have payload format 2.0"),
        (
            {"type": "REQUEST", "version": "1.0", "methodArn": STAGE},
            "the event must be a TOKEN event or have payload format 2.0",
        ),
        ({**HTTP, "identitySource": "Bearer x"}, "the event must be a TOKEN event or have payload format 2.0"),
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
        {**HTTP, "identitySource": ["Bearer x", "Bearer y"]},
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
