"""Clients and requests: API keys in a header, the response cache, limits per route, validation, CORS, read-only mode.

One stack has all of these settings.
"""

import json
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from authorizer.decision import usage_key
from infra.changes import as_text
from infra.packaging.bundles import ROOT
from local import cli, deploy
from local.deploy import Engine
from local.engine.values import Secret, revealed
from local.running_stack import RunningStack, StackOptions, running_stack
from local.state_folder import StateFolder
from tests.e2e.conftest import ORIGIN, Client, two_free_ports

QUOTA = 3
CLIENTS = {"big": ["fast", "other"], "small": ["slow"], "counted": ["counted"]}
LIMITS: dict[str, dict[str, Any]] = {
    "big": {"rate": 1000, "burst": 1000},
    "small": {"rate": 1, "burst": 2},
    "counted": {"rate": 1000, "burst": 1000, "quota": QUOTA},
}
SETTINGS: dict[str, Any] = {
    "usage": {
        "keys": "header",
        "plans": [{"name": name, **LIMITS[name], "clients": {"local": clients}} for name, clients in CLIENTS.items()],
    },
    "api": {
        "corsOrigins": [ORIGIN],
        "corsHeaders": ["X-Trace"],
        "corsExposedHeaders": ["X-Rate"],
        "corsMaxAge": 60,
        "corsCredentials": True,
        "throttleRate": 1000,
        "throttleBurst": 1000,
        "routes": {
            "users": {"throttleRate": 1000, "throttleBurst": 900},
            "users-list": {"throttleRate": 1, "throttleBurst": 2},
        },
        "validateBodies": True,
        "cache": {"size": 0.5, "collections": {"events": {"ttl": 60}}},
    },
}  # fmt: skip
EVENT = {"name": "Fair", "date": "2026-06-15", "location": "Graz"}


@dataclass(frozen=True)
class KeyClient(Client):
    """A client that sends its API key."""

    keys: dict[str, str]

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        """Send a request with the key of the client `fast`, or of another one, or with this value."""
        value = more.pop("key", self.keys["fast"])
        headers = {**({"x-api-key": value} if value is not None else {}), **more.pop("headers", {})}
        return super().call(method, path, token or None, headers=headers, **more)

    @property
    def gateway(self) -> Any:
        return aws(self.stack, "apigateway")

    @property
    def api(self) -> dict[str, str]:
        """The ids of the API and the stage."""
        *_, api_id, stage = self.url.split("/")
        return {"restApiId": api_id, "stageName": stage}


def aws(stack: RunningStack, service: str) -> Any:
    options = stack.emulator.options
    credentials = {"aws_access_key_id": options.account, "aws_secret_access_key": "local"}
    return boto3.client(service, endpoint_url=stack.emulator.endpoint_url, region_name=options.region, **credentials)


@pytest.fixture(scope="module")
def client(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyClient]:
    state = tmp_path_factory.mktemp("state")
    options = StackOptions(root=ROOT, state=state, port=two_free_ports(), engine=engine, settings=SETTINGS)
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        keys: dict[str, str] = revealed(stack.exports["apiKeys"])["local"]
        yield KeyClient(stack, http, keys)


@pytest.fixture
def token(client: Client) -> str:
    """The token of a new subject."""
    return client.token(str(uuid.uuid4()))


class TestKeys:
    def test_a_request_needs_a_key_and_a_token(self, client: KeyClient, token: str) -> None:
        assert client.call("GET", "/items", token).status_code == 200
        assert client.call("GET", "/items").status_code == 401
        for wrong in (None, "", "x" * 40, client.keys["fast"][:-1]):
            answer = client.call("GET", "/items", token, key=wrong)
            assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json")
            assert answer.json()["detail"] == "The header x-api-key must contain a valid API key."

    def test_each_key_has_its_own_rate_and_quota(self, client: KeyClient, token: str) -> None:
        def statuses(name: str) -> list[int]:
            return [client.call("GET", "/items", token, key=client.keys[name]).status_code for _ in range(8)]

        statuses("fast")  # so that the function is warm
        assert 429 in statuses("slow")
        assert statuses("counted") == [200] * QUOTA + [429] * (8 - QUOTA)
        assert statuses("other") == [200] * 8

    def test_keys_are_random_and_belong_to_their_plans(self, client: KeyClient) -> None:
        found = client.gateway.get_api_keys(includeValues=True)["items"]
        assert sorted(each["value"] for each in found) == sorted(client.keys.values())
        assert len(set(client.keys.values())) == len(client.keys) == 4
        plans = {each["name"]: each["id"] for each in client.gateway.get_usage_plans()["items"]}
        for plan, clients in CLIENTS.items():
            attached = client.gateway.get_usage_plan_keys(usagePlanId=plans[f"gatehouse-local-{plan}"])["items"]
            assert {each["name"] for each in attached} == {f"gatehouse-local-sent:local|{name}" for name in clients}
        assert client.gateway.get_rest_api(restApiId=client.api["restApiId"])["apiKeySource"] == "HEADER"

    def test_no_key_is_in_a_plain_output_a_log_or_a_readable_file(self, client: KeyClient) -> None:
        exports = client.stack.exports
        assert isinstance(exports["apiKeys"], Secret)
        plain = json.dumps({name: value for name, value in exports.items() if name != "apiKeys"})
        shown = [plain, repr(exports), client.stack.status(0).__repr__(), client.function_logs()]
        folder = client.stack.emulator.options.state
        files = [file for file in folder.rglob("*") if file.is_file() and stat.S_IMODE(file.stat().st_mode) & 0o077]
        shown += [file.read_bytes().decode("latin-1") for file in files]
        assert not [key for key in client.keys.values() for text in shown if key in text]

    def test_the_command_prints_the_key_and_nothing_else(
        self, client: KeyClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = client.stack.emulator.options.state
        monkeypatch.setattr(cli, "StateFolder", lambda: StateFolder(folder))
        monkeypatch.setattr(cli, "_running", lambda: None)
        assert cli.main(["key", "--client", "fast"]) == 0
        assert capsys.readouterr().out == client.keys["fast"] + "\n"
        assert cli.main(["key", "--client", "nobody"]) == 1
        assert (
            "client nobody of issuer local has no API key; clients with a key: counted of local, fast"
            in capsys.readouterr().err
        )


class TestResponseCache:
    def read(self, client: KeyClient, path: str, token: str, **more: Any) -> tuple[int, Any]:
        answer = client.call("GET", path, token, **more)
        return answer.status_code, answer.json() if answer.content else None

    def test_a_response_is_returned_again_and_may_be_stale(self, client: KeyClient, token: str) -> None:
        created = client.call("POST", "/events", token, json=EVENT)
        path = f"/events/{created.json()['id']}"
        before = self.read(client, path, token)
        assert client.call("PATCH", path, token, json={"name": "Market"}).json()["name"] == "Market"
        assert self.read(client, path, token) == before
        reloaded = self.read(client, path, token, headers={"Cache-Control": "max-age=0"})
        assert reloaded == before, "clients cannot bypass the cache"
        client.gateway.flush_stage_cache(**client.api)
        assert self.read(client, path, token)[1]["name"] == "Market"

    def test_other_collections_are_not_cached(self, client: KeyClient, token: str) -> None:
        path = f"/items/{client.call('POST', '/items', token, json={'name': 'a'}).json()['id']}"
        assert self.read(client, path, token)[1]["name"] == "a"
        client.call("PATCH", path, token, json={"name": "b"})
        assert self.read(client, path, token)[1]["name"] == "b"

    def test_everything_that_a_response_depends_on_is_in_the_key(self, client: KeyClient, token: str) -> None:
        first, second = (
            client.call("POST", "/events", token, json={**EVENT, "date": day}) for day in ("2026-01-01", "2026-01-02")
        )
        paths = [f"/events/{each.json()['id']}" for each in (first, second)]
        assert [self.read(client, path, token)[1]["date"] for path in paths] == ["2026-01-01", "2026-01-02"]
        tag = {"If-None-Match": first.headers["ETag"]}
        assert self.read(client, paths[0], token, headers=tag) == (304, None)
        assert self.read(client, paths[0], token)[0] == 200
        assert client.call("HEAD", paths[0], token).content == b""
        lists = ["limit=1", "limit=2", "limit=2&order=oldest", "date=2026-01-02", ""]
        pages = [self.read(client, f"/events?{query}", token)[1] for query in lists]
        assert len({json.dumps(page) for page in pages[:4]}) == 4
        assert pages[4]["events"] == pages[1]["events"]
        other_page = client.call("GET", paths[0], token, headers={"Origin": "https://other.example"})
        assert "Access-Control-Allow-Origin" not in other_page.headers
        assert client.call("GET", paths[0], token).headers["Access-Control-Allow-Origin"] == ORIGIN

    def test_a_token_without_the_scope_gets_no_cached_response(self, client: KeyClient) -> None:
        assert self.read(client, "/events", client.token("zoe"))[0] == 200
        assert self.read(client, "/events", client.token("zoe", "events:write"))[0] == 403

    def test_no_caller_receives_anothers_response(self, client: KeyClient) -> None:
        assert not self.leaks(client)

    def test_nor_in_any_spelling_of_the_header(self, client: KeyClient) -> None:
        ann, ben = (client.token(str(uuid.uuid4())) for _ in range(2))
        client.call("POST", "/events", ann, json=EVENT)
        for name in ("authorization", "Authorization"):
            found = [self.read(client, "/events", "", headers={name: f"Bearer {each}"}) for each in (ann, ben)]
            assert [len(page["events"]) for _, page in found] == [1, 0]
        for name in ("AUTHORIZATION", "aUTHORIZATION"):
            found = [self.read(client, "/events", "", headers={name: f"Bearer {each}"}) for each in (ann, ben)]
            assert [status for status, _ in found] == [400, 400]
            assert self.read(client, "/items", "", headers={name: f"Bearer {ann}"})[0] == 400
            assert client.call("HEAD", "/events", headers={name: f"Bearer {ann}"}).status_code == 200

    def test_other_headers_that_the_key_lacks_are_ignored(self, client: KeyClient, token: str) -> None:
        created = client.call("POST", "/events", token, json=EVENT)
        path = f"/events/{created.json()['id']}"
        assert self.read(client, path, token, headers={"IF-NONE-MATCH": created.headers["ETag"]})[0] == 200
        assert self.read(client, path, token)[0] == 200

    def test_without_the_authorization_header_in_the_key_they_would(self, client: KeyClient) -> None:
        gateway, api = client.gateway, client.api["restApiId"]
        resources = gateway.get_resources(restApiId=api, limit=500, embed=["methods"])["items"]
        (target,) = (
            {"restApiId": api, "resourceId": each["id"], "httpMethod": "GET"}
            for each in resources
            if each["path"] == "/events"
        )
        found = gateway.get_integration(**target)
        key = [name for name in found["cacheKeyParameters"] if not name.lower().endswith(".authorization")]
        assert len(key) == len(found["cacheKeyParameters"]) - 2
        before = gateway.get_stage(**client.api)["deploymentId"]
        changed = {name: found[name] for name in ("type", "uri", "passthroughBehavior")} | {"cacheKeyParameters": key}
        gateway.put_integration(**target, **changed, integrationHttpMethod="POST")
        gateway.create_deployment(**client.api)
        try:
            assert self.leaks(client)
        finally:
            operation = {"op": "replace", "path": "/deploymentId", "value": before}
            gateway.update_stage(**client.api, patchOperations=[operation])
            gateway.flush_stage_cache(**client.api)

    def leaks(self, client: KeyClient) -> bool:
        """Return whether one of two callers gets the other's list."""
        ann, ben = (client.token(str(uuid.uuid4())) for _ in range(2))
        client.call("POST", "/events", ann, json=EVENT)
        mine, yours = (self.read(client, "/events", each)[1]["events"] for each in (ann, ben))
        assert len(mine) == 1
        return len(yours) != 0

    def test_the_stage_has_an_encrypted_cache_for_the_listed_methods_only(self, client: KeyClient) -> None:
        stage = client.gateway.get_stage(**client.api)
        assert (stage["cacheClusterEnabled"], stage["cacheClusterSize"]) == (True, "0.5")
        cached = {path: each for path, each in stage["methodSettings"].items() if each["cachingEnabled"]}
        assert set(cached) == {"/events/GET", "/events/{id}/GET"}
        for each in cached.values():
            assert (each["cacheTtlInSeconds"], each["cacheDataEncrypted"]) == (60, True)
            assert each["requireAuthorizationForCacheControl"] is True


def test_a_route_has_its_own_limit(client: KeyClient, token: str) -> None:
    client.call("HEAD", "/users", token)  # so that the function is warm
    assert 429 in [client.call("GET", "/users", token).status_code for _ in range(6)]
    assert {client.call("GET", f"/users/{uuid.uuid4()}", token).status_code for _ in range(6)} == {404}
    assert {client.call("GET", "/items", token).status_code for _ in range(6)} == {200}


class TestValidation:
    def rejected_by_the_gateway(self, answer: httpx.Response) -> bool:
        return answer.status_code == 400 and answer.json()["detail"] == "The body does not match the schema."

    def test_bodies_of_create_replace_and_patch_are_rejected_before_a_function_is_called(
        self, client: KeyClient, token: str
    ) -> None:
        path = f"/items/{client.call('POST', '/items', token, json={'name': 'a'}).json()['id']}"
        for method, target, body in (
            ("POST", "/items", {"name": 1}), ("POST", "/items", {}), ("PUT", path, {"name": ""}),
            ("PATCH", path, {"name": 1}), ("PATCH", path, {"description": 1}), ("PATCH", path, []),
        ):  # fmt: skip
            assert self.rejected_by_the_gateway(client.call(method, target, token, json=body)), (method, body)
        merge = {"Content-Type": "application/merge-patch+json"}
        assert self.rejected_by_the_gateway(client.call("PATCH", path, token, headers=merge, content='{"name": 1}'))
        answer = client.call("PATCH", path, token, headers=merge, content='{"name": "b", "description": null}')
        assert (answer.status_code, answer.json()["name"]) == (200, "b")

    def test_what_the_gateway_cannot_check_is_named_by_the_handler(self, client: KeyClient, token: str) -> None:
        unknown = client.call("POST", "/items", token, json={"name": "a", "colour": "red"})
        assert unknown.json()["errors"][0]["field"] == "colour"
        limit = client.call("GET", "/items?limit=0", token)
        assert (limit.status_code, limit.json()["errors"][0]["field"]) == (400, "limit")

    def test_an_unlisted_content_type_is_rejected(self, client: KeyClient, token: str) -> None:
        answer = client.call("POST", "/items", token, headers={"Content-Type": "text/plain"}, content="{}")
        assert answer.status_code == 415


class TestCrossOrigin:
    def test_a_preflight_allows_the_headers_and_credentials(self, client: KeyClient) -> None:
        answer = client.call("OPTIONS", "/items", key=None)
        assert answer.status_code == 204
        assert {"authorization", "x-api-key", "x-trace"} <= set(
            answer.headers["Access-Control-Allow-Headers"].split(",")
        )
        assert answer.headers["Access-Control-Max-Age"] == "60"
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN

    def test_responses_and_errors_expose_the_headers_and_allow_credentials(self, client: KeyClient, token: str) -> None:
        for answer in (client.call("GET", "/items", token), client.call("GET", "/items")):
            assert "X-Rate" in answer.headers["Access-Control-Expose-Headers"].split(", ")
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN

    def test_another_origin_gets_neither(self, client: KeyClient, token: str) -> None:
        answer = client.call("GET", "/items", token, headers={"Origin": "https://other.example"})
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_writes_get_503_while_the_stage_is_read_only(client: KeyClient, token: str) -> None:
    path = f"/items/{client.call('POST', '/items', token, json={'name': 'a'}).json()['id']}"

    def set_read_only(value: str) -> None:
        operation = {"op": "replace", "path": "/variables/readOnly", "value": value}
        client.gateway.update_stage(**client.api, patchOperations=[operation])

    set_read_only("true")
    try:
        for method, target in (("POST", "/items"), ("PUT", path), ("PATCH", path), ("DELETE", path)):
            answer = client.call(method, target, token, json={"name": "b"})
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
            assert answer.json()["type"] == "urn:gatehouse:problem:read-only"
        assert client.call("GET", path, token).json()["name"] == "a"
    finally:
        set_read_only("false")
    assert client.call("PATCH", path, token, json={"name": "b"}).status_code == 200


def test_switching_to_a_header_replaces_the_keys_that_anyone_can_compute(engine: Engine, tmp_path: Path) -> None:
    plans = [{"name": "big", "rate": 1000, "burst": 1000, "clients": {"local": ["app"]}}]
    port = two_free_ports()
    options = StackOptions(root=ROOT, state=tmp_path, port=port, engine=engine, settings={"usage": {"plans": plans}})
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        client = Client(stack, http)
        token = client.token(client="app")
        assert client.call("GET", "/items", token).status_code == 200
        switched = replace(options, settings={"usage": {"keys": "header", "plans": plans}})
        target = switched.target(stack.emulator.endpoint_url)
        with StateFolder(tmp_path).deploying():
            changes = deploy.up(engine, target)
        key = revealed(target.exports()["apiKeys"])["local"]["app"]
        computed = usage_key("gatehouse", "local", "local", "app")
        found = [
            client.call("GET", "/items", token, headers={"x-api-key": each} if each else {}).status_code
            for each in (None, computed, key)
        ]
        assert found == [403, 403, 200]
        assert key not in as_text(changes or [], done=True)
        assert [each["value"] for each in aws(stack, "apigateway").get_api_keys(includeValues=True)["items"]] == [key]
