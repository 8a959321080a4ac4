"""Refresh tokens that are rotated.

AWS: if rotation is enabled for a client, each refresh at the token endpoint returns a new refresh token, and the old
one is rejected after the grace period (AWS, "Refresh token rotation"). MiniStack does not keep this setting of a
client, and returns no new refresh token.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

from local.emulator.ministack_internals import COGNITO, Original, Response, internal, patch

_SETTING = "RefreshTokenRotation"
_rotated: dict[str, float] = {}
"""Until when a refresh token that has been rotated is accepted, in seconds since 1970."""


def apply() -> None:
    """Replace the functions that create and change clients, and the one that answers at the token endpoint."""
    patch(COGNITO, "_create_user_pool_client", _keep_setting)
    patch(COGNITO, "_update_user_pool_client", _keep_setting)
    patch(COGNITO, "_oauth2_token", _token)


def _keep_setting(original: Original, data: dict[str, Any]) -> Response:
    response: Response = original(data)
    status, headers, body = response
    if status != 200 or _SETTING not in data:  # noqa: PLR2004 - an HTTP status
        return response
    answer = json.loads(body)
    described = answer["UserPoolClient"]
    client = internal(COGNITO, "_user_pools")[described["UserPoolId"]]["_clients"][described["ClientId"]]
    client[_SETTING] = described[_SETTING] = data[_SETTING]
    return status, headers, json.dumps(answer).encode()


def _token(
    original: Original, data: dict[str, Any], query: Any, body: bytes = b"", headers: dict[str, str] | None = None
) -> Response:
    token = parse_qs(body.decode(errors="replace")).get("refresh_token", [""])[-1]
    if time.time() >= _rotated.get(token, float("inf")):
        return internal(COGNITO, "_oauth2_error")("invalid_grant", "Invalid refresh token.")
    entry = internal(COGNITO, "_refresh_tokens").get(token)
    response: Response = original(data, query, body, headers)
    claims: dict[str, Any] = internal(COGNITO, "_token_claims")(token) if token else {}
    rotation = _rotation(claims.get("client_id", ""))
    if response[0] != 200 or rotation.get("Feature") != "ENABLED":  # noqa: PLR2004 - an HTTP status
        return response
    _rotated.setdefault(token, time.time() + rotation.get("RetryGracePeriodSeconds", 0))
    answer = {**json.loads(response[2]), "refresh_token": _next_token(claims, entry)}
    return response[0], response[1], json.dumps(answer).encode()


def _rotation(client_id: str) -> dict[str, Any]:
    """Return the setting of a client; empty for none."""
    client: dict[str, Any] | None = internal(COGNITO, "_find_pool_by_client_id")(client_id)[2]
    return client.get(_SETTING, {}) if client else {}


def _next_token(claims: dict[str, Any], entry: dict[str, Any] | None) -> str:
    """Return a new refresh token of the same sign-in."""
    pool = str(claims["iss"]).rpartition("/")[2]
    origin, scope = claims.get("origin_jti", ""), claims.get("scope")
    token = internal(COGNITO, "_fake_token")(
        claims["sub"], pool, claims["client_id"], "refresh", origin_jti=origin, scope=scope
    )
    if entry is not None:
        internal(COGNITO, "_refresh_tokens")[token] = dict(entry)
    return token
