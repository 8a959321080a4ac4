"""Refresh tokens that belong to a client.

AWS: a request to the token endpoint must name the client that authenticated the user (AWS, "The token issuer
endpoint"), and a refresh token of another client is rejected. MiniStack accepts it, without a client id too, and
returns tokens of the client that is named.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from local.emulator.ministack_internals import COGNITO, Original, Response, internal, patch


def apply() -> None:
    """Replace the function that answers at the token endpoint."""
    patch(COGNITO, "_oauth2_token", _token)


def _token(
    original: Original, data: dict[str, Any], query: Any, body: bytes = b"", headers: dict[str, str] | None = None
) -> Response:
    form = dict(parse_qsl(body.decode(errors="replace")))
    token = form.get("refresh_token", "")
    if form.get("grant_type") == "refresh_token" and token:
        client = internal(COGNITO, "_authenticate_client")(headers or {}, form)[0]
        if not client:
            return internal(COGNITO, "_oauth2_error")("invalid_request", "client_id is required.")
        if client != internal(COGNITO, "_token_claims")(token).get("client_id"):
            return internal(COGNITO, "_oauth2_error")("invalid_grant", "Invalid refresh token.")
    response: Response = original(data, query, body, headers)
    return response
