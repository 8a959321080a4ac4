"""Events in payload format 1.0 (REST APIs) and 2.0 (HTTP APIs) get the same responses."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.unit.handlers.conftest import Api, Context


def in_format_2(event: dict[str, Any]) -> dict[str, Any]:
    """Convert an event to payload format 2.0."""
    context = event["requestContext"]
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": context["path"],
        "rawQueryString": urlencode(event["queryStringParameters"] or {}),
        "headers": {name.lower(): value for name, value in event["headers"].items()},
        **({"queryStringParameters": event["queryStringParameters"]} if event["queryStringParameters"] else {}),
        **({"pathParameters": event["pathParameters"]} if event["pathParameters"] else {}),
        **({"body": event["body"]} if event["body"] is not None else {}),
        "isBase64Encoded": event["isBase64Encoded"],
        "requestContext": {
            "http": {"method": event["httpMethod"], "path": context["path"]},
            "requestId": context["requestId"],
            "authorizer": {"lambda": {**context["authorizer"], "expires": int(context["authorizer"]["expires"])}},
        },
    }


def comparable(answer: dict[str, Any]) -> Any:
    """Return a response without times, revisions and new ids."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[0-9:.]+Z", "", str(answer))
    return re.sub(r'"[0-9a-f]{16}"', "", text)


@pytest.mark.parametrize(
    ("operation", "absent", "body", "query"),
    [
        ("list", False, None, None),
        ("list", False, None, {"limit": "1", "order": "oldest"}),
        ("list", False, None, {"limit": "no"}),
        ("create", False, {"name": "b"}, None),
        ("create", False, {"nme": "b"}, None),
        ("create", False, "{", None),
        ("read", False, None, None),
        ("read", True, None, None),
        ("replace", False, {"name": "c"}, None),
        ("update", False, {"description": "d"}, None),
        ("update", True, {"description": "d"}, None),
        ("delete", True, None, None),
    ],
)
def test_both_formats_get_the_same_response(
    api: Api, operation: str, absent: bool, body: Any, query: dict[str, str] | None
) -> None:
    item_id = "" if operation in ("list", "create") else "absent" if absent else api.created()["id"]
    if operation == "list":
        api.created()
    event = api.event(operation, item_id, body) | {"queryStringParameters": query}
    first, second = (api.functions[operation](each, Context()) for each in (event, in_format_2(event)))
    assert comparable(first) == comparable(second)


@pytest.mark.parametrize("raw", ["limit=1&limit=2", "limit=1&%6Cimit=2", "limit=&limit="])
def test_a_repeated_parameter_is_rejected_in_both_formats(api: Api, raw: str) -> None:
    """API Gateway joins the values of a repeated parameter with commas in payload format 2.0."""
    values = ["1", "2"] if "1" in raw else ["", ""]
    first = api.event("list") | {"multiValueQueryStringParameters": {"limit": values}}
    first["queryStringParameters"] = {"limit": values[-1]}
    second = in_format_2(first) | {"rawQueryString": raw, "queryStringParameters": {"limit": ",".join(values)}}
    for event in (first, second):
        answer = api.functions["list"](event, Context())
        assert answer["statusCode"] == 400
        assert json.loads(answer["body"])["detail"] == "Query parameters must not be repeated: limit."


@pytest.mark.parametrize("in_format", [lambda event: event, in_format_2], ids=["1.0", "2.0"])
def test_every_line_names_the_decision_that_allowed_the_request(
    api: Api, in_format: Callable[[dict[str, Any]], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    event = api.event("list")
    event["requestContext"]["authorizer"]["decision_id"] = "decision-1"
    del api.functions["list"].__dict__["environment"]
    api.functions["list"](in_format(event), Context())
    error, request = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    for line in (error, request):
        assert (line["request_id"], line["decision_id"]) == ("request-1", "decision-1")


@pytest.mark.parametrize("authorizer", [None, {"owner": "local|ann"}], ids=["no context", "no decision_id"])
def test_a_line_names_no_decision_if_decisions_are_not_logged(
    api: Api, authorizer: dict[str, str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    event = api.event("list")
    event["requestContext"]["authorizer"] = authorizer
    api.functions["list"](event, Context())
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["request_id"] for line in written} == {"request-1"}
    assert not any("decision_id" in line for line in written)


def test_an_item_is_deleted_in_format_2_too(api: Api) -> None:
    item = api.created()
    assert api.functions["delete"](in_format_2(api.event("delete", item["id"])), Context())["statusCode"] == 204
    assert api.call("read", item["id"]).status == 404


@pytest.mark.parametrize("convert", [dict, in_format_2])
@pytest.mark.parametrize(
    ("operation", "body"),
    [("create", {"name": "b"}), ("replace", {"name": "b"}), ("update", {"name": "b"}), ("delete", None)],
)
def test_a_stage_variable_stops_writes_in_both_formats(
    api: Api, convert: Callable[[dict[str, Any]], dict[str, Any]], operation: str, body: Any
) -> None:
    item = api.created()
    event = convert(api.event(operation, "" if operation == "create" else item["id"], body))

    def status(value: str) -> int:
        return api.functions[operation]({**event, "stageVariables": {"readOnly": value}}, Context())["statusCode"]

    before = api.stored()
    assert status("true") == 503
    assert api.stored() == before
    reading = convert(api.event("read", item["id"])) | {"stageVariables": {"readOnly": "true"}}
    assert api.functions["read"](reading, Context())["statusCode"] == 200
    assert status("false") in (200, 201, 204)


@pytest.mark.parametrize(("variable", "expected"), [("true", 400), ("false", 200)])
def test_a_spelling_that_keys_of_the_response_cache_lack_is_rejected(api: Api, variable: str, expected: int) -> None:
    """Callers would share an entry of the cache."""
    event = api.event("list") | {"stageVariables": {"responseCache": variable}}
    for name, status in {"Authorization": 200, "authorization": 200, "AUTHORIZATION": expected}.items():
        headers = {"Authorization": "Bearer x", name: "Bearer y"}
        assert api.functions["list"]({**event, "headers": headers}, Context())["statusCode"] == status
    head = event | {"httpMethod": "HEAD", "headers": {"AUTHORIZATION": "Bearer y"}}
    assert api.functions["list"](head, Context())["statusCode"] == 200, "responses to HEAD are not cached"


def test_a_tag_that_keys_of_the_response_cache_lack_is_ignored(api: Api) -> None:
    created = api.call("create", body={"name": "a"})
    event = api.event("read", created.json["id"]) | {"stageVariables": {"responseCache": "true"}}
    for name, status in {"If-None-Match": 304, "if-none-match": 304, "IF-NONE-MATCH": 200}.items():
        answer = api.functions["read"]({**event, "headers": {name: created.headers["ETag"]}}, Context())
        assert answer["statusCode"] == status
