"""The steps of common tutorials for APIs with API Gateway, Lambda and DynamoDB, here with a bearer token."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import ORIGIN, Client

COLLECTIONS = {
    "items": {"name": "Serverless Guide", "description": "A comprehensive tutorial"},
    "users": {"name": "Jane Doe", "email": "jane.doe@example.com"},
    "events": {"name": "CDK Workshop", "date": "2026-06-15"},
}


@pytest.fixture
def token(client: Client) -> str:
    return client.token(f"walker-{uuid.uuid4()}")


def test_items(client: Client, token: str) -> None:
    created = client.call("POST", "/items", token, json=COLLECTIONS["items"])
    assert created.status_code == 201
    item = created.json()
    assert set(item) == {"id", "name", "description", "created_at", "updated_at"}
    assert client.call("GET", "/items", token).json()["items"] == [item]
    path = f"/items/{item['id']}"
    assert client.call("GET", path, token).json() == item
    time.sleep(0.002)
    changed = client.call("PUT", path, token, json={"name": "New", "description": "Also new"})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["description"]) == ("New", "Also new")
    assert changed.json()["updated_at"] > item["updated_at"]
    assert client.call("DELETE", path, token).status_code == 204
    assert client.call("POST", "/items", token, json={"description": "no name"}).status_code == 400


def test_users(client: Client, token: str) -> None:
    user = {"id": "12345", **COLLECTIONS["users"]}
    created = client.call("POST", "/users", token, json=user)
    assert created.status_code == 201
    assert created.json() == {**user, **{name: created.json()[name] for name in ("created_at", "updated_at")}}
    assert [each["id"] for each in client.call("GET", "/users", token).json()["users"]] == ["12345"]
    assert client.call("GET", "/users/12345", token).json()["email"] == "jane.doe@example.com"
    renamed = client.call("PUT", "/users/12345", token, json={**COLLECTIONS["users"], "name": "Jane Smith"})
    assert renamed.json()["name"] == "Jane Smith"
    found = client.call("GET", "/users", token, params={"userId": "12345"})
    assert [each["name"] for each in found.json()["users"]] == ["Jane Smith"]
    assert client.call("POST", "/users", token, json=user).status_code == 409
    assert client.call("DELETE", "/users/12345", token).status_code == 204
    assert client.call("GET", "/users/12345", token).status_code == 404
    assert client.call("GET", "/users", token, params={"userId": "12345"}).json()["users"] == []


def test_events(client: Client, token: str) -> None:
    created = client.call("POST", "/events", token, json=COLLECTIONS["events"])
    assert created.status_code == 201
    event = created.json()
    assert client.call("GET", "/events", token).json()["events"] == [event]
    assert client.call("GET", "/events", token, params={"date": "2026-06-15"}).json()["events"] == [event]
    assert client.call("GET", "/events", token, params={"date": "2026-06-16"}).json()["events"] == []
    path = f"/events/{event['id']}"
    assert client.call("GET", path, token).json() == event
    assert client.call("DELETE", path, token).status_code == 204
    gone = client.call("GET", path, token)
    assert (gone.status_code, gone.json()["title"]) == (404, "Not Found")
    broken = client.call("POST", "/events", token, content="{not json", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
    assert client.call("POST", "/events", token, json={"name": "x", "date": "2026-02-30"}).status_code == 400


@pytest.mark.parametrize("collection", sorted(COLLECTIONS))
def test_a_browser_may_use_all_collections(client: Client, token: str, collection: str) -> None:
    for path in (f"/{collection}", f"/{collection}/1"):
        request = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        preflight = client.call("OPTIONS", path, headers=request)
        assert preflight.status_code == 204
        assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    answer = client.call("POST", f"/{collection}", token, json=COLLECTIONS[collection])
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"ETag", "Location", "Retry-After"} <= exposed


class TestConcurrency:
    def test_one_of_50_updates_with_the_same_entity_tag_succeeds(self, client: Client, token: str) -> None:
        created = client.call("POST", "/items", token, json={"name": "0"})
        headers = {"If-Match": created.headers["ETag"]}
        path = f"/items/{created.json()['id']}"

        def write(number: int) -> int:
            return client.call("PATCH", path, token, json={"name": f"writer {number}"}, headers=headers).status_code

        with ThreadPoolExecutor(10) as pool:
            statuses = list(pool.map(write, range(50)))
        assert sorted(statuses) == [200] + [412] * 49
        winner = statuses.index(200)
        assert client.call("GET", path, token).json()["name"] == f"writer {winner}"

    def test_50_creations_with_the_same_key_create_one_item(self, client: Client, token: str) -> None:
        headers = {"Idempotency-Key": str(uuid.uuid4())}

        def create(_: int) -> tuple[int, str]:
            answer = client.call("POST", "/items", token, json={"name": "once"}, headers=headers)
            return answer.status_code, answer.json().get("id", "")

        with ThreadPoolExecutor(10) as pool:
            answers = set(pool.map(create, range(50)))
        assert len(answers) == 1
        ((status, item_id),) = answers
        assert status == 201
        assert [item["id"] for item in client.call("GET", "/items", token).json()["items"]] == [item_id]
