"""Checks of the corrections of Cognito."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.e2e.sign_in import SignIn, app_code, granted, signed_in, token_response

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.e2e.emulator.sandbox import Sandbox


PASSWORD, REDIRECT, SCOPES = "Made-up-1!", "https://a", ("openid",)


def user_pool(sandbox: Sandbox) -> str:
    """Create a pool with the user `ann`, and return its id."""
    cognito = sandbox.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="checks")["UserPool"]["Id"]
    cognito.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ann", Password=PASSWORD, Permanent=True)
    return pool


def app_client(sandbox: Sandbox, pool: str, **more: Any) -> dict[str, Any]:
    """Create a client with the code flow."""
    return sandbox.client("cognito-idp").create_user_pool_client(
        UserPoolId=pool, ClientName="app", CallbackURLs=[REDIRECT], AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "aws.cognito.signin.user.admin"], AllowedOAuthFlowsUserPoolClient=True,
        SupportedIdentityProviders=["COGNITO"], **more,
    )["UserPoolClient"]  # fmt: skip


def refresh_token_rotation(sandbox: Sandbox) -> None:
    """Each refresh returns a new refresh token, and the old one is rejected after the grace period."""
    cognito, endpoint = sandbox.client("cognito-idp"), sandbox.emulator.endpoint_url
    pool, rotation = user_pool(sandbox), {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    created = app_client(sandbox, pool, RefreshTokenRotation=rotation)
    client = created["ClientId"]
    described = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    assert created.get("RefreshTokenRotation") == described.get("RefreshTokenRotation") == rotation
    first = signed_in(endpoint, client, REDIRECT, SCOPES, "ann", PASSWORD)["refresh_token"]

    def refreshed(token: str) -> Any:
        return token_response(endpoint, None, grant_type="refresh_token", client_id=client, refresh_token=token)

    second = granted(refreshed(first))["refresh_token"]
    assert second != first
    assert (refreshed(first).status_code, refreshed(first).json()["error"]) == (400, "invalid_grant")
    third = granted(refreshed(second))["refresh_token"]
    cognito.admin_user_global_sign_out(UserPoolId=pool, Username="ann")
    assert refreshed(third).status_code == 400


def refresh_token_clients(sandbox: Sandbox) -> None:
    """Only the client that authenticated the user can refresh."""
    pool, endpoint = user_pool(sandbox), sandbox.emulator.endpoint_url
    client, other = (app_client(sandbox, pool)["ClientId"] for _ in range(2))
    token = signed_in(endpoint, client, REDIRECT, SCOPES, "ann", PASSWORD)["refresh_token"]

    def error(**form: str) -> str:
        answer = token_response(endpoint, None, grant_type="refresh_token", refresh_token=token, **form)
        return answer.json().get("error", "")

    assert error(client_id=other) == "invalid_grant"
    assert error() == "invalid_request"
    assert error(client_id=client) == ""


def sign_in_second_factor(sandbox: Sandbox) -> None:
    """People with an authenticator app enter its code; with required MFA, others register one first."""
    pool, cognito = user_pool(sandbox), sandbox.client("cognito-idp")
    client, scopes = app_client(sandbox, pool)["ClientId"], ("openid", "aws.cognito.signin.user.admin")
    tokens = signed_in(sandbox.emulator.endpoint_url, client, REDIRECT, scopes, "ann", PASSWORD)
    app = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
    cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="OPTIONAL", **app)
    secret = cognito.associate_software_token(AccessToken=tokens["access_token"])["SecretCode"]
    request = SignIn(sandbox.emulator.endpoint_url, client, REDIRECT, SCOPES)
    assert request.login("ann", PASSWORD).status_code == 302
    cognito.verify_software_token(AccessToken=tokens["access_token"], UserCode=app_code(secret))
    assert request.login("ann", PASSWORD).status_code == 200
    assert request.login("ann", PASSWORD, mfa_code=app_code(secret)).status_code == 302
    cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="OFF")
    assert request.login("ann", PASSWORD).status_code == 302
    cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="ON", **app)
    cognito.admin_create_user(UserPoolId=pool, Username="bob", MessageAction="SUPPRESS", TemporaryPassword="First-1!")
    invited = hidden_inputs(request.login("bob", "First-1!"))
    chosen = request.login("bob", "", **invited, new_password=PASSWORD, confirm_password=PASSWORD)
    wrong = request.login("bob", "", **hidden_inputs(chosen), mfa_code="0")
    (secret,) = re.findall(r'id="secret">(\w+)<', wrong.text)
    assert request.login("bob", "", **hidden_inputs(wrong), mfa_code=app_code(secret)).status_code == 302


def hidden_inputs(page: httpx.Response) -> dict[str, str]:
    """Return the hidden inputs of a page's form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', page.text))


COGNITO_CHECKS: dict[str, Callable[[Sandbox], None]] = {
    "refresh-token-rotation": refresh_token_rotation,
    "refresh-token-clients": refresh_token_clients,
    "sign-in-second-factor": sign_in_second_factor,
}
