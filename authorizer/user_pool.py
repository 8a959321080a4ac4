"""The issuer of the stack's user pool, whose URL and client ids are in the environment.

They are known only after a deployment; everything else about the issuer is in the bundle.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from authorizer.errors import SettingsInvalid
from authorizer.http.connection import parse_endpoint
from authorizer.settings import MAX_URL, DeploymentSettings, Issuer, UserPoolIssuer

USER_POOL_URL = "USER_POOL_URL"
"""The variable with the URL that is the `iss` of the pool's tokens."""

USER_POOL_CLIENTS = "USER_POOL_CLIENTS"
"""The variable with the client ids: a JSON object with an id for each client's name."""

MAX_CLIENT_ID = 128
"""Characters of a client id (AWS, "UserPoolClientType")."""

KEYS = "/.well-known/jwks.json"
"""The path of a pool's keys (AWS, "Verifying JSON web tokens")."""

PoolUrl = Annotated[
    str, Meta(max_length=MAX_URL, pattern=r"^https://[a-z0-9-]+(\.[a-z0-9-]+)+/[a-z0-9-]+_[A-Za-z0-9]+(?![\s\S])")
]
ClientId = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_+]{{1,{MAX_CLIENT_ID}}}(?![\s\S])")]


class _Variables(msgspec.Struct, frozen=True):
    url: PoolUrl = field(name=USER_POOL_URL)
    clients: str = field(name=USER_POOL_CLIENTS)
    endpoint: str = field(name="AWS_ENDPOINT_URL", default="")


def with_user_pool(settings: DeploymentSettings, variables: Mapping[str, str] = os.environ) -> DeploymentSettings:
    """Return settings with the user pool as one of the issuers. Raises SettingsInvalid."""
    pool = settings.user_pool
    if pool is None:
        return settings
    try:
        found = msgspec.convert(dict(variables), _Variables)
        ids = msgspec.json.decode(found.clients, type=dict[str, ClientId])
        issuer = _issuer(pool, found, list(ids.values()))
    except (ValueError, RecursionError) as error:  # messages contain no values
        raise SettingsInvalid(f"environment: {error}") from None
    if len(set(ids.values())) != len(ids):
        raise SettingsInvalid(f"environment: {USER_POOL_CLIENTS} must not have an id twice")
    changes: dict[str, Any] = {"issuers": (*settings.issuers, issuer), "user_pool": None}
    if settings.usage is not None:
        names = {id_: name for name, id_ in ids.items()}
        changes["usage"] = msgspec.structs.replace(settings.usage, names={pool.name: names})
    return msgspec.structs.replace(settings, **changes)


def _issuer(pool: UserPoolIssuer, variables: _Variables, ids: list[str]) -> Issuer:
    """Return the issuer, checked like those in the bundle."""
    members = {
        "name": pool.name,
        "url": variables.url,
        "keyUrl": _key_url(variables),
        "audiences": ids,
        "clients": ids,
        "algorithms": ["RS256"],
        "profile": "cognito",
        "scopePrefix": pool.scope_prefix,
    }
    return msgspec.convert(members, Issuer)


def _key_url(variables: _Variables) -> str:
    """Return the URL of the pool's keys: the emulator's if the services are at a loopback address, as it is."""
    if variables.endpoint and parse_endpoint(variables.endpoint).is_loopback:
        return f"{variables.endpoint.rstrip('/')}/{variables.url.rpartition('/')[2]}{KEYS}"
    return variables.url + KEYS
