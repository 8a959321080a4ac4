"""Tokens of Amazon Cognito (the emulator's), with the documented settings of the issuer.

The pool is in a separate emulator, because it must exist before the stack is deployed. The issuer of its tokens is an
AWS URL, so the key URL is set to the emulator's; all other settings are the documented ones.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import jwt
import msgspec
import pytest
import yaml

from authorizer.settings import Issuer
from infra.packaging.bundles import ROOT
from local.deploy import Engine
from local.emulator.launch import Options, free_port, start
from local.provider import Provider
from local.running_stack import RunningStack, StackOptions, running_stack
from tests.e2e.conftest import two_free_ports
from tests.e2e.sign_in import granted, signed_in, token_response

REDIRECT = "http://localhost:3000/callback"
ALLOWED = ["gatehouse/items.read", "gatehouse/items.write"]
UNUSUAL = re.compile(r"[/+].*=")
"""Matches a key id with characters outside of base64url, like most key ids of Cognito."""

USER, PASSWORD = "ann", "Made-up-for-this-test-1"


def documented_issuer() -> dict[str, Any]:
    """Return the documented example of an issuer."""
    page = (ROOT / "docs" / "identity-providers.md").read_text()
    (example,) = re.findall(r"<!-- cognito -->\n```yaml\n(.*?)```", page, re.DOTALL)
    ((issuer,),) = yaml.safe_load(example).values()
    return issuer


@dataclass(frozen=True)
class Pool:
    """A user pool with a user, a public client (the app) and a confidential client (the service)."""

    endpoint: str
    pool_id: str
    app: str
    service: str
    secret: str

    @property
    def issuer(self) -> Issuer:
        """The documented issuer, with the values of this pool."""
        url = f"https://cognito-idp.us-east-1.amazonaws.com/{self.pool_id}"
        own = {"url": url, "audiences": [self.app, self.service], "keyUrl": self.key_url}
        return msgspec.convert({**documented_issuer(), **own}, Issuer)

    @property
    def key_url(self) -> str:
        return f"{self.endpoint}/{self.pool_id}/.well-known/jwks.json"

    def service_token(self, *scopes: str) -> str:
        """Get a token with client credentials (RFC 6749 §4.4)."""
        client = (self.service, self.secret)
        answer = token_response(self.endpoint, client, grant_type="client_credentials", scope=" ".join(scopes))
        return granted(answer)["access_token"]

    def code_tokens(self, *scopes: str) -> dict[str, Any]:
        """Get the user's tokens with an authorization code and PKCE (RFC 7636)."""
        return signed_in(self.endpoint, self.app, REDIRECT, scopes, USER, PASSWORD)

    def password_tokens(self) -> dict[str, str]:
        """Get the user's tokens with the pool's own API, without OAuth and therefore without the API's scopes."""
        credentials = {"USERNAME": USER, "PASSWORD": PASSWORD}
        answer = cognito(self.endpoint).initiate_auth(
            ClientId=self.app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=credentials
        )
        return answer["AuthenticationResult"]


def cognito(endpoint: str) -> Any:
    return Provider(endpoint).connection.client("cognito-idp")


def create_pool(endpoint: str) -> Pool:
    client = cognito(endpoint)
    pool_id = client.create_user_pool(PoolName="people")["UserPool"]["Id"]
    scopes = [{"ScopeName": name.partition("/")[2], "ScopeDescription": name} for name in ALLOWED]
    client.create_resource_server(UserPoolId=pool_id, Identifier="gatehouse", Name="Gatehouse", Scopes=scopes)
    app = client.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="app",
        CallbackURLs=[REDIRECT],
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", *ALLOWED],
        AllowedOAuthFlowsUserPoolClient=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        SupportedIdentityProviders=["COGNITO"],
    )["UserPoolClient"]
    service = create_service(endpoint, pool_id)
    client.admin_create_user(UserPoolId=pool_id, Username=USER, MessageAction="SUPPRESS")
    client.admin_set_user_password(UserPoolId=pool_id, Username=USER, Password=PASSWORD, Permanent=True)
    return Pool(endpoint, pool_id, app["ClientId"], service["ClientId"], service["ClientSecret"])


def create_service(endpoint: str, pool_id: str) -> dict[str, str]:
    return cognito(endpoint).create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="service",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=ALLOWED,
        AllowedOAuthFlowsUserPoolClient=True,
    )["UserPoolClient"]


def key_ids(pool: Pool) -> list[str]:
    return [key["kid"] for key in httpx.get(pool.key_url).json()["keys"]]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    with start(Options(state=tmp_path_factory.mktemp("cognito"), port=free_port())) as emulator:
        pool = create_pool(emulator.endpoint_url)
        while not UNUSUAL.search(key_ids(pool)[0]):
            pool = create_pool(emulator.endpoint_url)
        yield pool


@pytest.fixture(scope="module")
def stack(engine: Engine, pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    options = StackOptions(
        root=ROOT, state=tmp_path_factory.mktemp("state"), port=two_free_ports(), engine=engine, issuers=(pool.issuer,)
    )
    with running_stack(options, lambda _: None, lambda _: None) as running:
        yield running


@dataclass(frozen=True)
class Items:
    """A client of the collection."""

    url: str

    def call(self, method: str, token: str, **more: Any) -> httpx.Response:
        return httpx.request(method, self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30, **more)


@pytest.fixture(scope="module")
def items(stack: RunningStack) -> Items:
    return Items(f"{stack.exports['url']}/items")


def decoded(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def with_claim(token: str, **changes: object) -> str:
    """Return the token with changed claims and the original signature."""
    header, payload, signature = token.split(".")
    claims = {**json.loads(base64.urlsafe_b64decode(payload + "==")), **changes}
    return f"{header}.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.{signature}"


def test_the_tokens_have_the_properties_of_the_profile(pool: Pool) -> None:
    token = pool.service_token("gatehouse/items.read")
    header, claims = jwt.get_unverified_header(token), decoded(token)
    assert "typ" not in header
    assert header["kid"] in key_ids(pool)
    assert UNUSUAL.search(header["kid"])
    assert claims["iss"] == pool.issuer.url
    assert claims["token_use"] == "access"
    assert claims["scope"] == "gatehouse/items.read"
    assert (claims["client_id"], "aud" in claims) == (pool.service, False)


class TestClientCredentials:
    def test_create_and_list(self, pool: Pool, items: Items) -> None:
        token = pool.service_token(*ALLOWED)
        created = items.call("POST", token, json={"name": "by a service"})
        assert created.status_code == 201
        listed = items.call("GET", token)
        assert (listed.status_code, listed.json()["items"]) == (200, [created.json()])

    def test_without_the_scope_the_answer_is_403(self, pool: Pool, items: Items) -> None:
        reader = pool.service_token("gatehouse/items.read")
        assert items.call("GET", reader).status_code == 200
        assert items.call("POST", reader, json={"name": "x"}).status_code == 403

    def test_with_changed_claims_the_answer_is_401(self, pool: Pool, items: Items) -> None:
        forged = with_claim(pool.service_token("gatehouse/items.read"), scope=" ".join(ALLOWED))
        assert items.call("POST", forged, json={"name": "x"}).status_code == 401


class TestAuthorizationCode:
    def test_creates_and_lists_the_users_items(self, pool: Pool, items: Items) -> None:
        token = pool.code_tokens("openid", *ALLOWED)["access_token"]
        created = items.call("POST", token, json={"name": "by a person"})
        assert created.status_code == 201
        listed = items.call("GET", pool.code_tokens("gatehouse/items.read")["access_token"])
        assert (listed.status_code, listed.json()["items"]) == (200, [created.json()])

    def test_without_the_scope_the_answer_is_403(self, pool: Pool, items: Items) -> None:
        reader = pool.code_tokens("gatehouse/items.read")["access_token"]
        assert items.call("POST", reader, json={"name": "x"}).status_code == 403

    def test_an_id_token_is_rejected(self, pool: Pool, items: Items) -> None:
        """It is signed with a key of the same set, so only its claims distinguish it."""
        token = pool.code_tokens("openid", *ALLOWED)["id_token"]
        assert jwt.get_unverified_header(token)["kid"] in key_ids(pool)
        assert decoded(token)["token_use"] == "id"
        assert items.call("GET", token).status_code == 401


class TestPassword:
    def test_a_token_without_the_apis_scopes_is_403_for_all_operations(self, pool: Pool, items: Items) -> None:
        token = pool.password_tokens()["AccessToken"]
        assert decoded(token)["scope"] == "aws.cognito.signin.user.admin"
        assert items.call("GET", token).status_code == 403
        assert items.call("POST", token, json={"name": "x"}).status_code == 403

    def test_an_id_token_is_rejected(self, pool: Pool, items: Items) -> None:
        assert items.call("GET", pool.password_tokens()["IdToken"]).status_code == 401


def test_tokens_of_another_pool_are_rejected(pool: Pool, items: Items) -> None:
    assert items.call("GET", create_pool(pool.endpoint).service_token(*ALLOWED)).status_code == 401


def test_tokens_of_an_unknown_client_are_rejected(pool: Pool, items: Items) -> None:
    """Cognito's access tokens have no `aud`, so the client is checked instead."""
    other = create_service(pool.endpoint, pool.pool_id)
    token = replace(pool, service=other["ClientId"], secret=other["ClientSecret"]).service_token(*ALLOWED)
    assert decoded(token)["iss"] == pool.issuer.url
    assert items.call("GET", token).status_code == 401


def test_decisions_are_logged_with_their_reason(pool: Pool, items: Items, stack: RunningStack) -> None:
    items.call("GET", pool.password_tokens()["IdToken"])
    items.call("GET", pool.password_tokens()["AccessToken"])
    logs = stack.emulator.options.functions_log.read_text()
    assert '"reason":"token_use"' in logs
    assert '"reason":"insufficient_scope"' in logs
