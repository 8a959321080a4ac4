"""AWS Signature Version 4 for a POST request (AWS, "Create a signed AWS API request").

Importing botocore, which signs requests too, would take longer than the rest of a cold start.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from time import gmtime, strftime

import msgspec

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(msgspec.Struct, frozen=True):
    """The credentials of a role, or of a user (without a session token). Their `repr` does not contain them."""

    key_id: str
    secret: str
    session_token: str = ""

    def __repr__(self) -> str:
        return "Credentials(…)"


class CredentialScope(msgspec.Struct, frozen=True):
    """The region and the service that a signature is valid for."""

    region: str
    service: str


def sign(
    fields: Mapping[str, str], body: bytes, scope: CredentialScope, credentials: Credentials, now: float
) -> dict[str, str]:
    """Return the header fields of a POST request to `/` together with the fields that sign them.

    `fields` must contain Host. `now` is in seconds since 1970.
    """
    timestamp = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    signed = {**fields, "X-Amz-Date": timestamp}
    if credentials.session_token:
        signed["X-Amz-Security-Token"] = credentials.session_token
    canonical = sorted((name.lower(), value) for name, value in signed.items())
    names = ";".join(name for name, _ in canonical)
    lines = ["POST", "/", "", *(f"{name}:{value}" for name, value in canonical), "", names, sha256(body).hexdigest()]
    credential_scope = f"{timestamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    request_hash = sha256("\n".join(lines).encode()).hexdigest()
    string_to_sign = f"{ALGORITHM}\n{timestamp}\n{credential_scope}\n{request_hash}"
    signature = hmac.new(
        _signing_key(credentials.secret, credential_scope), string_to_sign.encode(), sha256
    ).hexdigest()
    credential = f"Credential={credentials.key_id}/{credential_scope}"
    return {**signed, "Authorization": f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"}


def _signing_key(secret: str, credential_scope: str) -> bytes:
    """Derive the signing key for one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in credential_scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
