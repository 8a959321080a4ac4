"""A running stack with its own user pool, for the tests of sign-ins."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt

from infra import revoke
from infra.packaging.bundles import ROOT
from infra.revoke import Clients, DeployedStack, RevokeRequest
from local.deploy import Engine
from local.engine.values import revealed
from local.provider import Provider
from local.running_stack import RunningStack, StackOptions, running_stack
from tests.e2e.conftest import two_free_ports
from tests.e2e.sign_in import SignIn, signed_in, token_response

USER, PASSWORD = "ann@example.com", "Made-up-for-this-test-1"
CALLBACKS = {"web": "http://localhost:3000/callback", "mobile": "com.example.app://callback"}
SCOPES = ("gatehouse/items:read", "gatehouse/items:write")
IDENTITY = {
    "enabled": True,
    "apps": {
        "web": {"callbackUrls": [CALLBACKS["web"]], "logoutUrls": ["http://localhost:3000/"]},
        "mobile": {"callbackUrls": [CALLBACKS["mobile"]], "scopes": ["items:read"]},
    },
    "machines": {"reports": ["items:read"], "batch": ["items:read"]},
    "accessTokenMinutes": 15,
}


@dataclass(frozen=True)
class Pool:
    """The user pool of a running stack, in which one user exists."""

    stack: RunningStack
    options: StackOptions

    @property
    def described(self) -> dict[str, Any]:
        return self.stack.exports["userPool"]

    @property
    def endpoint(self) -> str:
        return self.stack.emulator.endpoint_url

    def aws(self, service: str) -> Any:
        return Provider(self.endpoint, account=self.stack.emulator.options.account).connection.client(service)

    def client_id(self, name: str) -> str:
        return self.described["clients"][name]

    def sign_in(self, app: str, *scopes: str) -> dict[str, Any]:
        return signed_in(self.endpoint, self.client_id(app), CALLBACKS[app], scopes, USER, PASSWORD)

    def sign_in_step_by_step(self, app: str = "web") -> SignIn:
        return SignIn(self.endpoint, self.client_id(app), CALLBACKS[app], ("openid", SCOPES[0]))

    def refresh(self, app: str, token: str) -> httpx.Response:
        client = self.client_id(app)
        return token_response(self.endpoint, grant_type="refresh_token", client_id=client, refresh_token=token)

    def machine_token(self, scope: str = "gatehouse/items:read", name: str = "reports") -> httpx.Response:
        client = (self.client_id(name), revealed(self.stack.exports["clientSecrets"])[name])
        return token_response(self.endpoint, client, grant_type="client_credentials", scope=scope)

    def call(self, token: str, method: str = "GET", path: str = "/items", **more: Any) -> httpx.Response:
        url = f"{self.stack.exports['url']}{path}"
        return httpx.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=30, **more)

    def sign_out_everywhere(self, subject: str) -> list[str]:
        """Do what the documentation says: revoke the refresh tokens in the pool, and the access tokens in the API."""
        pool = self.described["poolId"]
        self.aws("cognito-idp").admin_user_global_sign_out(UserPoolId=pool, Username=USER)
        stack = DeployedStack.read(ROOT, "local", {"identity": json.dumps(IDENTITY)})
        request = RevokeRequest(subjects=[subject], issuer="users")
        return revoke.revoke(stack, Clients.of(self.aws), request, pause=lambda _: None)


@contextmanager
def running_pool(state: Path, engine: Engine, settings: Mapping[str, Any]) -> Iterator[Pool]:
    """Run a stack with a user pool and create the user."""
    options = StackOptions(root=ROOT, state=state, port=two_free_ports(), engine=engine, settings=settings)
    with running_stack(options, lambda _: None, lambda _: None) as running:
        pool = Pool(running, options)
        cognito = pool.aws("cognito-idp")
        user = {"UserPoolId": pool.described["poolId"], "Username": USER}
        cognito.admin_create_user(**user, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
        yield pool


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})
