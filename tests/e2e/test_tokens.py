"""Tokens that are rejected, from the start or after a while."""

import base64
import json
import time
import uuid
from collections.abc import Callable

import pytest

from local.issuer import ALGORITHMS, DevelopmentIssuer, TokenRequest
from local.provider import Provider
from local.running_stack import RunningStack
from tests.e2e.conftest import ALL_SCOPES, Client
from tests.e2e.gateway_answers import assert_answer


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def with_payload(token: str, **claims: object) -> str:
    header, payload, signature = token.split(".")
    found = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{header}.{encode({**found, **claims})}.{signature}"


def unsigned(token: str) -> str:
    return f"{encode({'alg': 'none', 'typ': 'at+jwt'})}.{token.split('.')[1]}."


def with_a_foreign_key(client: Client) -> str:
    issuer = DevelopmentIssuer(client.stack.issuer.url, client.stack.issuer.audience)
    return issuer.token(TokenRequest(scope=ALL_SCOPES))


BAD: dict[str, Callable[[Client], str]] = {
    "expired": lambda client: client.token(ttl=-5),
    "tampered payload": lambda client: with_payload(client.token(), sub="eve"),
    "tampered signature": lambda client: client.token()[:-8] + "AAAAAAAA",
    "alg none": lambda client: unsigned(client.token()),
    "foreign key": with_a_foreign_key,
    "other audience": lambda client: client.token(claims={"aud": "https://other.example"}),
    "other issuer": lambda client: client.token(claims={"iss": "https://other.example"}),
    "not yet valid": lambda client: client.token(claims={"nbf": int(time.time()) + 600}),
    "not a jwt": lambda _: "abc",
}


def test_no_token_is_401(client: Client) -> None:
    assert_answer(client.call("GET", "/items"), "invalid token", client.flavour)


@pytest.mark.parametrize("scheme", ["Basic YTpi", "Bearer", "Token abc"])
def test_another_scheme_is_401(client: Client, scheme: str) -> None:
    assert client.call("GET", "/items", headers={"Authorization": scheme}).status_code == 401


@pytest.mark.parametrize("name", sorted(BAD))
def test_an_invalid_token_is_401(client: Client, name: str) -> None:
    assert_answer(client.call("GET", "/items", BAD[name](client)), "invalid token", client.flavour)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_of_the_issuer_is_accepted(client: Client, algorithm: str) -> None:
    assert client.call("GET", "/items", client.token(algorithm=algorithm)).status_code == 200


def test_a_cached_policy_does_not_outlive_its_token(client: Client) -> None:
    token = client.token(f"short-{uuid.uuid4()}", ttl=4)
    expiry = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["exp"]
    assert client.call("GET", "/items", token).status_code == 200
    time.sleep(max(0, expiry - time.time()) + 0.05)
    answer = client.call("GET", "/items", token)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The token has expired."
    assert answer.json()["type"] == "urn:gatehouse:problem:invalid-token"


def test_the_policy_has_a_condition_that_expires_with_the_token(client: Client, stack: RunningStack) -> None:
    """The test invokes the authorizer directly; the emulator's tests cover the evaluation of conditions."""
    token = client.token(ttl=100)
    provider = Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account)
    event = {
        "type": "TOKEN",
        "authorizationToken": f"Bearer {token}",
        "methodArn": "arn:aws:execute-api:us-east-1:000000000000:abcdef1234/local/GET/items",
    }
    found = provider.connection.client("lambda").invoke(
        FunctionName=stack.exports["authorizer"], Payload=json.dumps(event)
    )
    policy = json.load(found["Payload"])["policyDocument"]
    expiry = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["exp"]
    limit = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expiry + 60))
    allows = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert allows
    for statement in allows:
        assert statement["Condition"] == {"DateLessThan": {"aws:CurrentTime": limit}}


def test_tokens_are_not_logged(client: Client) -> None:
    token = client.token(f"secret-subject-{uuid.uuid4()}")
    client.call("GET", "/items", token)
    client.call("GET", "/items", token[:-4] + "AAAA")
    logs = client.function_logs() + client.stack.emulator.options.log.read_text()
    assert token.split(".")[1] not in logs
    assert "secret-subject" not in logs
