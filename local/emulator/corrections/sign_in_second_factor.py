"""The second factor on the sign-in pages.

AWS: after the password, the pages ask people who have registered an authenticator app for its code. If the pool
requires MFA, they ask others to register one (AWS, "Adding MFA to a user pool"). MiniStack's pages ask for the password
only.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from local.emulator.ministack_internals import COGNITO, Original, Response, internal, patch

APP = "SOFTWARE_TOKEN_MFA"

_waiting: dict[str, tuple[dict[str, Any], str, dict[str, Any], Response]] = {}
"""Sign-ins that wait for a code of an app, by a random token on the page: the user, and what they get afterwards."""


def apply() -> None:
    """Replace the function that answers forms of the sign-in pages."""
    patch(COGNITO, "handle_login_submit", _submit)


def _submit(original: Original, method: str, path: str, headers: Any, body: bytes, query: Any) -> Response:
    form = dict(parse_qsl(body.decode(errors="replace")))
    codes: dict[str, dict[str, Any]] = internal(COGNITO, "_authorization_codes")
    waiting = _waiting.pop(form.get("mfa_token", ""), None)
    if waiting is None:
        response: Response = original(method, path, headers, body, query)
        location = str(response[1].get("Location", ""))
        code = parse_qs(urlsplit(location).query).get("code", [""])[0]
        if code not in codes:
            return response
        pool = internal(COGNITO, "_get_pool_unscoped")(codes[code]["pool_id"])
        user = pool["_users"][codes[code]["username"]]
        if not _is_asked(pool, user):
            return response
        waiting = user, code, codes.pop(code), response
    user, code, entry, response = waiting
    if not _is_correct(user, form.get("mfa_code", "")):
        token = secrets.token_urlsafe(24)
        _waiting[token] = waiting
        return _page(user, token)
    codes[code] = entry
    return response


def _is_asked(pool: dict[str, Any], user: dict[str, Any]) -> bool:
    mode = pool.get("MfaConfiguration", "OFF")
    return mode == "ON" or (mode == "OPTIONAL" and APP in user.get("_mfa_enabled", ()))


def _is_correct(user: dict[str, Any], code: str) -> bool:
    """Return whether the code is that of the user's app. The first correct code registers the app."""
    secret = user.get("_totp_secret") or user.get("_totp_pending_secret", "")
    if not internal(COGNITO, "_totp_matches")(secret, code):
        return False
    user["_totp_secret"] = secret
    if APP not in user.setdefault("_mfa_enabled", []):
        user["_mfa_enabled"].append(APP)
    return True


def _page(user: dict[str, Any], token: str) -> Response:
    """Return the page that asks for a code. If no app is registered yet, it shows the secret to register one."""
    text = ""
    if not user.get("_totp_secret"):
        secret = user.setdefault("_totp_pending_secret", base64.b32encode(secrets.token_bytes(20)).decode())
        text = f'<p>Add this secret to your authenticator app: <code id="secret">{secret}</code></p>'
    inputs = f'<input type="hidden" name="mfa_token" value="{token}"><input name="mfa_code" autofocus>'
    html = f'{text}<form method="post" action="/login">Code: {inputs}<button>Sign in</button></form>'
    return 200, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}, html.encode()
