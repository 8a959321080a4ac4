"""Checks of the corrections of Cognito."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.sign_in import granted, signed_in, token_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.emulator.sandbox import Sandbox


def refresh_token_rotation(sandbox: Sandbox) -> None:
    """Each refresh returns a new refresh token, and the old one is rejected after the grace period."""
    cognito, endpoint = sandbox.client("cognito-idp"), sandbox.emulator.endpoint_url
    pool, password, redirect = (
        cognito.create_user_pool(PoolName="rotation")["UserPool"]["Id"],
        "Made-up-1!",
        "https://a",
    )
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    created = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="app", CallbackURLs=[redirect], AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"], AllowedOAuthFlowsUserPoolClient=True, SupportedIdentityProviders=["COGNITO"],
        RefreshTokenRotation=rotation,
    )["UserPoolClient"]  # fmt: skip
    client = created["ClientId"]
    described = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    assert created.get("RefreshTokenRotation") == described.get("RefreshTokenRotation") == rotation
    cognito.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ann", Password=password, Permanent=True)
    first = signed_in(endpoint, client, redirect, ("openid",), "ann", password)["refresh_token"]

    def refreshed(token: str) -> Any:
        return token_response(endpoint, None, grant_type="refresh_token", client_id=client, refresh_token=token)

    second = granted(refreshed(first))["refresh_token"]
    assert second != first
    assert (refreshed(first).status_code, refreshed(first).json()["error"]) == (400, "invalid_grant")
    third = granted(refreshed(second))["refresh_token"]
    cognito.admin_user_global_sign_out(UserPoolId=pool, Username="ann")
    assert refreshed(third).status_code == 400


COGNITO_CHECKS: dict[str, Callable[[Sandbox], None]] = {"refresh-token-rotation": refresh_token_rotation}
