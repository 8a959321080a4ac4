"""The API as a client sees it, over HTTP."""

import uuid
from urllib.parse import urljoin

import httpx
import pytest

from handlers.contract.headers import expose_headers
from local.provider import Provider
from tests.e2e.conftest import ORIGIN, Client
from tests.e2e.gateway_answers import assert_answer

JSON_PROBLEM = "application/problem+json"


def subject() -> str:
    return f"subject-{uuid.uuid4()}"


def test_an_item_is_created_read_changed_and_deleted(client: Client) -> None:
    token = client.token(subject())
    created = client.call("POST", "/items", token, json={"name": "Guide", "description": "d"})
    assert created.status_code == 201
    item = created.json()
    where = urljoin(str(created.request.url), created.headers["Location"])
    assert where == f"{client.url}/items/{item['id']}"
    path = where.removeprefix(client.url)

    listed = client.call("GET", "/items", token)
    assert (listed.status_code, listed.json()) == (200, {"items": [item], "next_cursor": None})
    read = client.call("GET", path, token)
    assert (read.status_code, read.json()) == (200, item)
    replaced = client.call("PUT", path, token, json={"name": "Guide 2"})
    assert (replaced.status_code, replaced.json()["name"], replaced.json()["description"]) == (200, "Guide 2", "")
    updated = client.call("PATCH", path, token, json={"description": "new"})
    assert (updated.status_code, updated.json()["name"], updated.json()["description"]) == (200, "Guide 2", "new")
    assert updated.json()["updated_at"] > item["updated_at"]
    deleted = client.call("DELETE", path, token)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert client.call("GET", path, token).status_code == 404


def test_head_returns_the_response_to_get_without_the_body(client: Client) -> None:
    token = client.token(subject())
    item = client.call("POST", "/items", token, json={"name": "a"}).json()
    for path in ("/items", f"/items/{item['id']}"):
        answer = client.call("HEAD", path, token)
        assert (answer.status_code, answer.content) == (200, b"")


def test_another_subject_sees_no_items_and_gets_404(client: Client) -> None:
    mine, theirs = client.token(subject()), client.token(subject())
    item = client.call("POST", "/items", mine, json={"name": "mine"}).json()
    path = f"/items/{item['id']}"
    assert client.call("GET", "/items", theirs).json()["items"] == []
    assert client.call("GET", path, theirs).status_code == 404
    assert client.call("PUT", path, theirs, json={"name": "theirs"}).status_code == 404
    assert client.call("PATCH", path, theirs, json={"name": "theirs"}).status_code == 404
    assert client.call("DELETE", path, theirs).status_code == 404
    assert client.call("GET", path, mine).json() == item


@pytest.mark.parametrize("order", ["read first", "write first"])
def test_a_read_token_may_read_and_not_create_in_either_order_within_the_cache_time(client: Client, order: str) -> None:
    token = client.token(subject(), scope="items:read")

    def read() -> None:
        assert client.call("GET", "/items", token).status_code == 200

    def write() -> None:
        answer = client.call("POST", "/items", token, json={"name": "a"})
        assert_answer(answer, "missing scope", client.flavour)
        assert answer.json().get("scope") == ("items:read" if client.flavour == "rest" else None)

    for step in (read, write, read, write) if order == "read first" else (write, read, write, read):
        step()


def test_a_write_token_may_not_read(client: Client) -> None:
    token = client.token(subject(), scope="items:write")
    assert client.call("POST", "/items", token, json={"name": "a"}).status_code == 201
    assert client.call("GET", "/items", token).status_code == 403


def test_a_token_without_any_scope_of_the_api_is_forbidden(client: Client) -> None:
    assert client.call("GET", "/items", client.token(subject(), scope="openid")).status_code == 403


def test_a_repeated_parameter_is_rejected(client: Client) -> None:
    answer = client.call("GET", "/items?limit=1&limit=2", client.token())
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, JSON_PROBLEM)


class TestBadBodies:
    def test_invalid_json(self, client: Client) -> None:
        answer = client.call(
            "POST", "/items", client.token(), content="{", headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, JSON_PROBLEM)
        assert "not valid JSON" in answer.json()["detail"]

    def test_a_missing_name_is_named(self, client: Client) -> None:
        answer = client.call("POST", "/items", client.token(), json={"description": "d"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, JSON_PROBLEM)
        assert answer.json()["errors"] == [{"field": "name", "detail": "is required"}]
        assert answer.json()["request_id"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("GET", "/items/a/b"), ("POST", "/items/a"), ("DELETE", "/items")]
)
def test_an_unknown_path_or_method_is_404(client: Client, method: str, path: str) -> None:
    assert_answer(client.call(method, path, client.token()), "unknown path", client.flavour)


class TestCrossOrigin:
    @pytest.mark.parametrize("path", ["/items", "/items/1"])
    @pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:5173"])
    def test_a_preflight_from_an_allowed_origin_succeeds(self, client: Client, path: str, origin: str) -> None:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        answer = client.call("OPTIONS", path, headers=asked)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "GET" in answer.headers["Access-Control-Allow-Methods"]
        assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
        assert answer.headers["Vary"] == "Origin"

    @pytest.mark.rest_only("AWS does not say whether HTTP APIs add CORS headers to their own errors")
    @pytest.mark.parametrize("path", ["", "/", "/nothing", "/items/a/b"])
    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_a_script_may_read_the_404_of_an_unknown_path(self, client: Client, path: str, method: str) -> None:
        asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
        preflight = client.call("OPTIONS", path, headers=asked)
        assert (preflight.status_code, preflight.content) == (204, b"")
        assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert method in preflight.headers["Access-Control-Allow-Methods"].split(",")
        answer = client.call(method, path, client.token())
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, JSON_PROBLEM)
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN

    @pytest.mark.rest_only("an HTTP API has one CORS configuration for all paths")
    def test_a_known_path_keeps_its_own_preflight(self, client: Client) -> None:
        allowed = [client.call("OPTIONS", path).headers["Access-Control-Allow-Methods"] for path in ("/items", "/x")]
        assert allowed == ["GET,HEAD,POST", "DELETE,GET,HEAD,PATCH,POST,PUT"]

    def test_a_preflight_from_another_origin_allows_none(self, client: Client) -> None:
        answer = client.call("OPTIONS", "/items", headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers

    def test_responses_and_errors_of_functions_have_the_header(self, client: Client) -> None:
        token = client.token()
        answers = [client.call("GET", "/items", token), client.call("GET", "/items/absent", token)]
        assert [answer.status_code for answer in answers] == [200, 404]
        self.assert_readable(client, *answers)

    @pytest.mark.rest_only("AWS does not say whether HTTP APIs add CORS headers to their own errors")
    def test_errors_of_api_gateway_have_the_header(self, client: Client) -> None:
        answers = [
            client.call("GET", "/items"),
            client.call("POST", "/items", client.token(scope="items:read"), json={"name": "a"}),
            client.call("GET", "/nothing", client.token()),
        ]
        assert [answer.status_code for answer in answers] == [401, 403, 404]
        self.assert_readable(client, *answers)

    @staticmethod
    def assert_readable(client: Client, *answers: httpx.Response) -> None:
        """Check that scripts of the origin may read the responses with their headers."""
        own = {"apigw-requestid"} if client.flavour == "http" else set[str]()
        for answer in answers:
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
            exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
            assert exposed == set(expose_headers().split(", ")) | own


@pytest.mark.rest_only("HTTP APIs have no execution log")
def test_the_execution_log_group_has_the_retention_of_the_other_logs(client: Client) -> None:
    logs = Provider(client.stack.emulator.endpoint_url).connection.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="API-Gateway-Execution-Logs_")["logGroups"]
    api = client.url.rpartition("/_aws/execute-api/")[2]
    assert [(group["logGroupName"], group["retentionInDays"]) for group in groups] == [
        (f"API-Gateway-Execution-Logs_{api}", 14)
    ]
