"""The issuer of the stack's user pool, which an environment variable describes.

Its URL and client ids are known only after a deployment. Lambda does not change the environment and the bundle at the
same moment, so everything about the pool is in one variable: it is added, changed and removed in one step.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from authorizer.errors import SettingsInvalid
from authorizer.http.connection import parse_endpoint
from authorizer.settings import MAX_URL, DeploymentSettings, Issuer, Name
from authorizer.settings_file import USER_POOL

MAX_CLIENT_ID = 128
"""Characters of a client id (AWS, "UserPoolClientType")."""

KEYS = "/.well-known/jwks.json"
"""The path of a pool's keys (AWS, "Verifying JSON web tokens")."""

PoolUrl = Annotated[
    str, Meta(max_length=MAX_URL, pattern=r"^https://[a-z0-9-]+(\.[a-z0-9-]+)+/[a-z0-9-]+_[A-Za-z0-9]+(?![\s\S])")
]
ClientId = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_+]{{1,{MAX_CLIENT_ID}}}(?![\s\S])")]


class UserPool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What the variable says: the issuer's name, the `iss` of its tokens, and the client ids by the clients' names."""

    name: Name
    url: PoolUrl
    scope_prefix: str
    clients: Annotated[dict[str, ClientId], Meta(min_length=1)]


def with_user_pool(settings: DeploymentSettings, variables: Mapping[str, str] = os.environ) -> DeploymentSettings:
    """Return settings with the user pool, which a variable describes, as one of the issuers. Raises SettingsInvalid."""
    try:
        pool = msgspec.json.decode(variables[USER_POOL], type=UserPool)
        issuer = _issuer(pool, variables.get("AWS_ENDPOINT_URL", ""))
    except (ValueError, RecursionError) as error:  # messages contain no values
        raise SettingsInvalid(f"environment: {USER_POOL}: {error}") from None
    names = {id_: name for name, id_ in pool.clients.items()}
    if len(names) != len(pool.clients):
        raise SettingsInvalid(f"environment: {USER_POOL} must not have an id twice")
    changes: dict[str, Any] = {"issuers": (*settings.issuers, issuer)}
    if settings.usage is not None:
        changes["usage"] = msgspec.structs.replace(settings.usage, names={pool.name: names})
    return msgspec.structs.replace(settings, **changes)


def _issuer(pool: UserPool, endpoint: str) -> Issuer:
    """Return the issuer, checked like those in the bundle."""
    ids = list(pool.clients.values())
    members = {
        "name": pool.name,
        "url": pool.url,
        "keyUrl": _key_url(pool.url, endpoint),
        "audiences": ids,
        "clients": ids,
        "algorithms": ["RS256"],
        "profile": "cognito",
        "scopePrefix": pool.scope_prefix,
    }
    return msgspec.convert(members, Issuer)


def _key_url(url: str, endpoint: str) -> str:
    """Return the URL of the pool's keys: the emulator's if the services are at a loopback address, as it is."""
    if endpoint and parse_endpoint(endpoint).is_loopback:
        return f"{endpoint.rstrip('/')}/{url.rpartition('/')[2]}{KEYS}"
    return url + KEYS
