"""What each method of API Gateway's document requires: the authorizer, and with usage plans an API key."""

from typing import Any

from authorizer.settings import CacheBy

AUTHORIZER = "bearer"
API_KEY = "api_key"
"""The scheme's name in API Gateway's own documents (AWS, "Configure a method to use API keys")."""
API_KEY_HEADER = "x-api-key"

TOKEN_EXPRESSION = r"^[Bb][Ee][Aa][Rr][Ee][Rr] [A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"  # noqa: S105
"""The pattern of an Authorization header (RFC 6750, RFC 7515 §7.1). The authorizer is not called for any other."""

ROUTE_SOURCES = "method.request.header.Authorization, context.httpMethod, context.resourcePath"
"""The identity sources of policies that are cached for each route (AWS, "Configure an API Gateway Lambda authorizer":
they may be headers, query strings, stage variables and `$context` variables)."""


def security_schemes(authorizer: str, policy_cache: int, cache_by: CacheBy, *, with_keys: bool) -> dict[str, Any]:
    """Return the document's security schemes, of the authorizer with this invocation URI, and of API keys."""
    api_key = {"type": "apiKey", "name": API_KEY_HEADER, "in": "header"}
    return {
        AUTHORIZER: _authorizer(authorizer, policy_cache, cache_by),
        **({API_KEY: api_key} if with_keys else {}),
    }


def security(*, with_keys: bool) -> list[dict[str, Any]]:
    """Return what a method requires: the authorizer, and with usage plans an API key.

    In OpenAPI, two entries are alternatives; API Gateway requires both, as in the output of AWS SAM (`swagger.py`).
    """
    return [{AUTHORIZER: []}, *([{API_KEY: []}] if with_keys else [])]


def _authorizer(uri: str, policy_cache: int, cache_by: CacheBy) -> dict[str, Any]:
    kind = (
        {"type": "token", "identityValidationExpression": TOKEN_EXPRESSION}
        if cache_by == "token"
        else {"type": "request", "identitySource": ROUTE_SOURCES}
    )
    return {
        "type": "apiKey",
        # AWS, "x-amazon-apigateway-authorizer object": it must be "Unused" if there are several identity sources.
        "name": "Authorization" if cache_by == "token" else "Unused",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "authorizerUri": uri,
            "authorizerResultTtlInSeconds": policy_cache,
            **kind,
        },
    }
