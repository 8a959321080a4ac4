"""AWS Signature Version 4 for one request with a body: who sends it, and that nobody changed it.

Source: AWS, "Create a signed AWS API request". botocore would sign too; importing it takes a cold start longer than all
of the authorizer.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from time import gmtime, strftime

import msgspec

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(msgspec.Struct, frozen=True):
    """Keys of a role, or of a user, which has no session token. They are never shown."""

    key_id: str
    secret: str
    session_token: str = ""

    def __repr__(self) -> str:
        return "Credentials(…)"


class Scope(msgspec.Struct, frozen=True):
    """For which service, in which region, a signature counts."""

    region: str
    service: str


def signed(
    fields: Mapping[str, str], body: bytes, scope: Scope, credentials: Credentials, now: float
) -> dict[str, str]:
    """The header fields of a POST to `/` and those that sign them: `fields` has to have Host. `now`: since 1970."""
    moment = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    all_fields = {**fields, "X-Amz-Date": moment}
    if credentials.session_token:
        all_fields["X-Amz-Security-Token"] = credentials.session_token
    canonical = sorted((name.lower(), value) for name, value in all_fields.items())
    names = ";".join(name for name, _ in canonical)
    lines = ["POST", "/", "", *(f"{name}:{value}" for name, value in canonical), "", names, sha256(body).hexdigest()]
    day = f"{moment[:8]}/{scope.region}/{scope.service}/aws4_request"
    digest = sha256("\n".join(lines).encode()).hexdigest()
    text = f"{ALGORITHM}\n{moment}\n{day}\n{digest}"
    signature = hmac.new(_key(credentials.secret, day), text.encode(), sha256).hexdigest()
    proof = f"{ALGORITHM} Credential={credentials.key_id}/{day}, SignedHeaders={names}, Signature={signature}"
    return {**all_fields, "Authorization": proof}


def _key(secret: str, day: str) -> bytes:
    """A key for one day, region and service, derived from the secret."""
    key = f"AWS4{secret}".encode()
    for part in day.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
