"""Requests: bodies, expired tokens, origins, and both payload formats."""

import base64
import time
from typing import Any

import pytest

from tests.unit.handlers.conftest import ORIGIN, Api


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("{", "line 1 column 2"),
        ("", "line 1 column 1"),
        ("[]", "must be a JSON object"),
        ('"name"', "must be a JSON object"),
        ('{"name": "a", "name": "b"}', "'name' is repeated"),
        ('{"name": NaN}', "NaN is not a JSON number"),
        ('{"name": Infinity}', "Infinity is not a JSON number"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_body_that_is_not_a_json_object_is_rejected_with_the_reason(api: Api, body: str, detail: str) -> None:
    answer = api.call("create", body=body)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert detail in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a" * 201}, "name"),
        ({"name": 3}, "name"),
        ({"name": None}, "name"),
        ({"name": "a", "description": ["b"]}, "description"),
        ({"name": "a", "colour": "red"}, "colour"),
        ({"name": "a", "id": "mine"}, "id"),
    ],
)
@pytest.mark.parametrize("operation", ["create", "replace"])
def test_an_invalid_field_is_named(api: Api, operation: str, body: dict[str, Any], field: str) -> None:
    item_id = "" if operation == "create" else api.created()["id"]
    answer = api.call(operation, item_id, body)
    assert answer.status == 400
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert answer.json["request_id"] == "request-1"


def test_an_unsupported_content_type_is_rejected(api: Api) -> None:
    answer = api.call("create", body={"name": "a"}, headers={"Content-Type": "text/plain"})
    assert answer.status == 415


def test_a_base64_body_is_decoded(api: Api) -> None:
    body = base64.b64encode(b'{"name": "a"}').decode()
    assert api.call("create", body=body, isBase64Encoded=True).status == 201
    assert api.call("create", body="%%%", isBase64Encoded=True).status == 400


def test_a_body_that_is_not_utf_8_is_rejected(api: Api) -> None:
    body = base64.b64encode(b'{"name": "\xff"}').decode()
    answer = api.call("create", body=body, isBase64Encoded=True)
    assert answer.status == 400
    assert "not UTF-8 at byte" in answer.json["detail"]


def test_a_token_that_expired_after_its_policy_was_cached_is_rejected(api: Api) -> None:
    event = api.event("list")
    event["requestContext"]["authorizer"]["expires"] = str(int(time.time()))
    answer = api.call("list", **event)
    assert answer.status == 401
    assert answer.json["type"] == "urn:gatehouse:problem:invalid-token"
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    "context", [{}, {"owner": "", "expires": "9999999999"}, {"owner": "a"}, {"owner": "a", "expires": "nan"}]
)
def test_a_route_without_a_usable_authorizer_context_serves_no_one(api: Api, context: dict[str, Any]) -> None:
    event = api.event("list")
    event["requestContext"]["authorizer"] = context
    assert api.call("list", **event).status in (401, 500)


def test_events_in_payload_format_2_are_served(api: Api) -> None:
    authorizer = api.event("create")["requestContext"]["authorizer"]
    event = {
        "version": "2.0",
        "rawPath": "/test/items",
        "headers": {"content-type": "application/json", "origin": ORIGIN},
        "body": '{"name": "a"}',
        "isBase64Encoded": False,
        "requestContext": {"http": {"method": "POST"}, "requestId": "request-2", "authorizer": {"lambda": authorizer}},
    }
    found = api.functions["create"](event, None)
    assert found["statusCode"] == 201
    assert found["headers"]["Location"].startswith("items/")


class TestHeaders:
    @pytest.mark.parametrize("origin", [ORIGIN, "https://app.example.com"])
    def test_an_allowed_origin_is_returned(self, api: Api, origin: str) -> None:
        answer = api.call("list", headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Vary"] == "Origin"

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
    def test_another_origin_is_not_returned(self, api: Api, origin: str) -> None:
        answer = api.call("list", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Vary"] == "Origin"

    def test_errors_have_them_too(self, api: Api) -> None:
        answer = api.call("read", "absent")
        assert answer.status == 404
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN

    def test_responses_must_not_be_stored_or_sniffed(self, api: Api) -> None:
        answer = api.call("list")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"name": "\\ud800"}', "name"),
        ('{"name": "a", "description": "\\udfff x"}', "description"),
        ('{"name": "a", "amount": 1e999}', "amount"),
        ('{"name": "a", "amount": 1e-130}', "amount"),
        ('{"name": "a", "amount": 123456789012345678901234567890123456789}', "amount"),
        ('{"name": "a", "deep": {"list": [1, "\\ud800"]}}', "deep.list[1]"),
    ],
)
def test_a_value_that_cannot_be_stored_exactly_is_rejected_and_named(api: Api, body: str, field: str) -> None:
    answer = api.call("create", body=body)
    assert answer.status == 400
    assert field in [error["field"] for error in answer.json["errors"]]


def test_a_number_with_too_many_digits_to_parse_is_rejected(api: Api) -> None:
    assert api.call("create", body='{"name": ' + "9" * 10_000 + "}").status == 400


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_every_spelling_of_the_json_media_type_is_accepted(api: Api, media_type: str) -> None:
    assert api.call("create", body={"name": "a"}, headers={"Content-Type": media_type}).status == 201


def test_only_a_patch_may_be_a_merge_patch(api: Api) -> None:
    item = api.created()
    headers = {"Content-Type": "application/merge-patch+json"}
    assert api.call("update", item["id"], {"name": "b"}, headers=headers).status == 200
    assert api.call("replace", item["id"], {"name": "b"}, headers=headers).status == 415
