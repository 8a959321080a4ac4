"""The clients of the user pool: apps in which people sign in, and machines, which have secrets."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.identity.identity_settings import SIGN_IN_SCOPES, AppSettings, IdentitySettings
from infra.naming import Names

RETRY_SECONDS = 30
"""Seconds for which a rotated refresh token is still accepted, so that a client whose connection failed can retry."""

MINUTES, DAYS = "minutes", "days"


@dataclass(frozen=True, kw_only=True)
class ClientArgs:
    """What all clients of a pool have in common. `scopes` are those of the API."""

    names: Names
    pool_id: pulumi.Input[str]
    identity: IdentitySettings
    scopes: Sequence[str]

    def granted(self, scopes: Sequence[str]) -> list[str]:
        """Return scopes of the API as Cognito writes them."""
        return [f"{self.names.project}/{scope}" for scope in scopes]


def app_client(
    name: str, app: AppSettings, args: ClientArgs, opts: pulumi.ResourceOptions
) -> aws.cognito.UserPoolClient:
    """Create the client of an app. It has no secret, and its refresh tokens are rotated (RFC 9700)."""
    minutes, rotates = args.identity.access_token_minutes, args.identity.tier != "lite"
    return aws.cognito.UserPoolClient(
        name,
        name=args.names.resource(name),
        user_pool_id=args.pool_id,
        generate_secret=False,
        allowed_oauth_flows_user_pool_client=True,
        allowed_oauth_flows=["code"],
        allowed_oauth_scopes=[*SIGN_IN_SCOPES, *args.granted(app.scopes or args.scopes)],
        callback_urls=list(app.callback_urls),
        logout_urls=list(app.logout_urls) or None,
        supported_identity_providers=["COGNITO"],
        # Without any flow, Cognito's default ones apply; with rotation, it rejects ALLOW_REFRESH_TOKEN_AUTH.
        explicit_auth_flows=["ALLOW_USER_SRP_AUTH" if rotates else "ALLOW_REFRESH_TOKEN_AUTH"],
        refresh_token_rotation=_rotation() if rotates else None,
        id_token_validity=minutes,
        access_token_validity=minutes,
        refresh_token_validity=args.identity.refresh_token_days,
        token_validity_units=aws.cognito.UserPoolClientTokenValidityUnitsArgs(
            id_token=MINUTES, access_token=MINUTES, refresh_token=DAYS
        ),
        enable_token_revocation=True,
        prevent_user_existence_errors="ENABLED",
        opts=opts,
    )


def _rotation() -> aws.cognito.UserPoolClientRefreshTokenRotationArgs:
    return aws.cognito.UserPoolClientRefreshTokenRotationArgs(
        feature="ENABLED", retry_grace_period_seconds=RETRY_SECONDS
    )


def machine_client(
    name: str, scopes: Sequence[str], args: ClientArgs, opts: pulumi.ResourceOptions
) -> aws.cognito.UserPoolClient:
    """Create the client of a program, which gets tokens with its id and its secret."""
    return aws.cognito.UserPoolClient(
        name,
        name=args.names.resource(name),
        user_pool_id=args.pool_id,
        generate_secret=True,
        allowed_oauth_flows_user_pool_client=True,
        allowed_oauth_flows=["client_credentials"],
        allowed_oauth_scopes=args.granted(scopes),
        explicit_auth_flows=["ALLOW_REFRESH_TOKEN_AUTH"],  # without any, Cognito's default ones apply
        access_token_validity=args.identity.access_token_minutes,
        token_validity_units=aws.cognito.UserPoolClientTokenValidityUnitsArgs(access_token=MINUTES),
        enable_token_revocation=True,
        prevent_user_existence_errors="ENABLED",
        opts=opts,
    )
