"""The lifecycle cases of a user pool and what belongs to it."""

from typing import Any, Final

POOL: Final = "aws:cognito/userPool:UserPool"
CLIENT: Final = "aws:cognito/userPoolClient:UserPoolClient"

Inputs = dict[str, Any]


def cases(existing: str) -> dict[str, list[Inputs]]:
    """Return the inputs of each type: as created, and after each of several changes in place."""
    password = {
        "minimumLength": 12, "requireLowercase": True, "requireUppercase": True, "requireNumbers": True,
        "requireSymbols": True, "temporaryPasswordValidityDays": 7,
    }  # fmt: skip
    pool: Inputs = {
        "name": "cycle", "userPoolTier": "ESSENTIALS", "usernameAttributes": ["email"],
        "usernameConfiguration": {"caseSensitive": False}, "autoVerifiedAttributes": ["email"],
        "userAttributeUpdateSettings": {"attributesRequireVerificationBeforeUpdates": ["email"]},
        "accountRecoverySetting": {"recoveryMechanisms": [{"name": "verified_email", "priority": 1}]},
        "adminCreateUserConfig": {"allowAdminCreateUserOnly": True}, "passwordPolicy": password,
        "mfaConfiguration": "OFF", "deletionProtection": "INACTIVE", "tags": {"stage": "dev"},
    }  # fmt: skip
    email = {"emailSendingAccount": "DEVELOPER", "fromEmailAddress": "a@b.example",
             "sourceArn": "arn:aws:ses:us-east-1:000000000000:identity/b.example"}  # fmt: skip
    app: Inputs = {
        "name": "cycle", "userPoolId": existing, "generateSecret": False, "allowedOauthFlowsUserPoolClient": True,
        "allowedOauthFlows": ["code"], "allowedOauthScopes": ["openid", "email"],
        "callbackUrls": ["https://a.example"], "supportedIdentityProviders": ["COGNITO"],
        "explicitAuthFlows": ["ALLOW_USER_SRP_AUTH"], "refreshTokenValidity": 30, "accessTokenValidity": 5,
        "refreshTokenRotation": {"feature": "ENABLED", "retryGracePeriodSeconds": 30}, "idTokenValidity": 5,
        "tokenValidityUnits": {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "days"},
        "enableTokenRevocation": True, "preventUserExistenceErrors": "ENABLED",
    }  # fmt: skip
    server = {"userPoolId": existing, "identifier": "cycle", "name": "cycle"}
    scopes = [{"scopeName": name, "scopeDescription": name} for name in ("items:read", "items:write")]
    return {
        POOL: [
            pool, pool | {"mfaConfiguration": "ON", "softwareTokenMfaConfiguration": {"enabled": True}},
            pool | {"passwordPolicy": password | {"passwordHistorySize": 5}, "deletionProtection": "ACTIVE"},
            pool | {"userPoolTier": "PLUS", "userPoolAddOns": {"advancedSecurityMode": "ENFORCED"}, "tags": {"a": "b"}},
            pool | {"emailConfiguration": email, "adminCreateUserConfig": {"allowAdminCreateUserOnly": False}},
        ],
        CLIENT: [
            app, app | {"callbackUrls": ["https://a.example", "https://b.example"], "name": "two"},
            app | {"logoutUrls": ["https://a.example/out"], "accessTokenValidity": 60},
            app | {"refreshTokenRotation": {"feature": "DISABLED"}, "allowedOauthScopes": ["openid"]},
        ],
        "aws:cognito/resourceServer:ResourceServer": [
            server | {"scopes": scopes}, server | {"scopes": scopes[:1], "name": "two"},
        ],
        "aws:cognito/userPoolDomain:UserPoolDomain": [{"domain": "cycle", "userPoolId": existing}],
    }  # fmt: skip
