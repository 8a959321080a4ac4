"""Sign-ins at the OAuth endpoints of Cognito's emulator, as a browser and an app do them."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx


def signed_in(
    endpoint: str, client_id: str, redirect_uri: str, scopes: tuple[str, ...], user: str, password: str
) -> dict[str, Any]:
    """Return a user's tokens, got with an authorization code and PKCE (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    parameters = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": secrets.token_urlsafe(),
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    page = httpx.get(f"{endpoint}/oauth2/authorize", params=parameters)
    assert page.status_code == 200, page.text
    login = httpx.post(f"{endpoint}/login", data={**parameters, "username": user, "password": password})
    assert login.status_code == 302, login.text
    callback = parse_qs(urlsplit(login.headers["Location"]).query)
    assert callback["state"] == [parameters["state"]]
    form = {"client_id": client_id, "redirect_uri": redirect_uri, "code": callback["code"][0]}
    return granted(token_response(endpoint, None, grant_type="authorization_code", code_verifier=verifier, **form))


def token_response(endpoint: str, client: tuple[str, str] | None = None, **form: str) -> httpx.Response:
    """Call the token endpoint, as a confidential client if a client id and its secret are given."""
    return httpx.post(f"{endpoint}/oauth2/token", data=form, auth=client)


def granted(response: httpx.Response) -> dict[str, Any]:
    """Return the tokens of a response."""
    assert response.status_code == 200, response.text
    return response.json()
