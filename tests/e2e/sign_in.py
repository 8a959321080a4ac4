"""Sign-ins at the OAuth endpoints of Cognito's emulator, as a browser and an app do them."""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx


def signed_in(
    endpoint: str, client_id: str, redirect_uri: str, scopes: tuple[str, ...], user: str, password: str
) -> dict[str, Any]:
    """Return a user's tokens, got with an authorization code and PKCE (RFC 7636)."""
    request = SignIn(endpoint, client_id, redirect_uri, scopes)
    page = request.page()
    assert page.status_code == 200, page.text
    return request.exchanged(request.code(request.login(user, password)))


@dataclass(frozen=True)
class SignIn:
    """One sign-in of a user with an authorization code and PKCE, step by step."""

    endpoint: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=secrets.token_urlsafe)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the authorization endpoint."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }

    def page(self, **changed: str) -> httpx.Response:
        """Request the authorization endpoint."""
        return httpx.get(f"{self.endpoint}/oauth2/authorize", params={**self.parameters, **changed})

    def login(self, user: str, password: str, **changed: str) -> httpx.Response:
        """Send the form of the sign-in page."""
        form = {**self.parameters, "username": user, "password": password, **changed}
        return httpx.post(f"{self.endpoint}/login", data=form)

    def code(self, redirect: httpx.Response) -> str:
        """Return the code with which the browser is sent back to the app."""
        assert redirect.status_code == 302, redirect.text
        callback = parse_qs(urlsplit(redirect.headers["Location"]).query)
        assert callback["state"] == [self.state]
        return callback["code"][0]

    def exchange(self, code: str, **changed: str | None) -> httpx.Response:
        """Send a code to the token endpoint, with some parameters changed, or left out if they are None."""
        form = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code": code,
            "code_verifier": self.verifier,
            **changed,
        }
        given = {name: value for name, value in form.items() if value is not None}
        return token_response(self.endpoint, None, grant_type="authorization_code", **given)

    def exchanged(self, code: str) -> dict[str, Any]:
        """Return the tokens for a code."""
        return granted(self.exchange(code))


def app_code(secret: str) -> str:
    """Return the present code of an authenticator app (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(secret), int(time.time() // 30).to_bytes(8), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


def token_response(endpoint: str, client: tuple[str, str] | None = None, **form: str) -> httpx.Response:
    """Call the token endpoint, as a confidential client if a client id and its secret are given."""
    return httpx.post(f"{endpoint}/oauth2/token", data=form, auth=client)


def granted(response: httpx.Response) -> dict[str, Any]:
    """Return the tokens of a response."""
    assert response.status_code == 200, response.text
    return response.json()
