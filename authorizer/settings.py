"""What the authorizer is told at deployment: its issuers and the API's routes, as data in its bundle."""

import re
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from authorizer import settings_file
from authorizer.errors import SettingsBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
ProfileName = Literal["rfc9068", "cognito", "generic"]
PolicyEncoding = Literal["methods", "compact", "compact-any-region"]
"""Ways to write the same grants, from the plainest to the shortest (authorizer/policy.py)."""

MAX_WAITING = 9
"""Seconds that one decision may wait for others in all: API Gateway itself waits ten."""

SECURE_URL = re.compile(
    r"(https://(?P<secure>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])"
    r"|http://(?P<local>localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\]))"
    r"(:(?P<port>[0-9]{1,9}))?(?P<path>/[!-\"$-~]*)?"
)
"""https, or plain http to a loopback address; never with user information or a fragment."""

MAX_LIFETIME = 604_800
"""Seconds: the longest life that an issuer's settings may allow its tokens."""

MAX_LEEWAY = 300
"""Seconds: the most that clocks may differ."""

MAX_URL = 512
"""Characters of a URL, configured or discovered."""

Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9-]{0,31}\Z",
        extra={"requirement": "1 to 32 lower-case letters, digits and hyphens, starting with a letter"},
    ),
]
Url = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^\s?#]+\Z",
        max_length=MAX_URL,
        extra={"requirement": "https, or http to a loopback address, without user information, query or fragment"},
    ),
]
KeyUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^\s#]+\Z",
        max_length=MAX_URL,
        extra={"requirement": "https, or http to a loopback address, without user information or fragment"},
    ),
]
Seconds = Annotated[int, Meta(ge=1, le=604_800)]
Waiting = Annotated[float, Meta(ge=0.1, le=8)]
Text = Annotated[str, Meta(min_length=1, max_length=255)]


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An identity provider whose tokens are accepted.

    `name` is configured, never changes, and with the subject makes the owner of data. `url` is the exact `iss`.
    `key_url` is the JWKS document's address where discovery under `url` is not wanted. `leeway` (seconds) forgives
    clocks that differ. `max_lifetime` (seconds) is the longest life that a token may have been given.

    Scopes come from `scope_claim` (a string or a list; the profile's own where it is None). Of each, `scope_prefix` is
    stripped (a scope without it is another API's) and `scope_separator` read as `:`. `default_scopes` are for tokens
    that carry no scope claim; they need `required_claims`, each a claim that must equal one of its values.

    `clients`, where it is not empty, names the only clients accepted. `tenant_claim` is the claim that names the
    tenant; tokens without it are refused.
    """

    name: Name
    url: Url
    audiences: Annotated[tuple[str, ...], Meta(min_length=1)]
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = ("RS256", "ES256", "EdDSA")
    profile: ProfileName = "rfc9068"
    key_url: KeyUrl | None = None
    leeway: Annotated[int, Meta(ge=0, le=MAX_LEEWAY)] = 30
    max_lifetime: Annotated[int, Meta(ge=60, le=MAX_LIFETIME)] = 86_400
    scope_claim: Text | None = None
    scope_prefix: Annotated[str, Meta(max_length=255)] = ""
    scope_separator: Annotated[str, Meta(min_length=1, max_length=8)] = ":"
    default_scopes: tuple[Text, ...] = ()
    required_claims: dict[str, tuple[str, ...]] = {}
    clients: tuple[Text, ...] = ()
    tenant_claim: Text | None = None


class RouteScope(msgspec.Struct, frozen=True, kw_only=True):
    """A route as the authorizer sees it: its methods, its path template and the scope that allows it."""

    methods: tuple[str, ...]
    path: str
    scope: str


class KeyTimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long keys are used, all in seconds.

    Past `refresh` a request fetches them again, and waits no longer than `patience` for it; past `limit` they are not
    used any more. `cooldown` is the least time between a fetch for a key id that was not found and the next such fetch,
    `retry` between a fetch that failed and the next. `deadline` ends a fetch that a request cannot do without.
    """

    refresh: Seconds = 300
    limit: Seconds = 21_600
    cooldown: Seconds = 30
    retry: Seconds = 5
    deadline: Waiting = 3.0
    patience: Waiting = 1.0


class DecisionCache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long (seconds; 0 is off) and how many decisions one process of the authorizer remembers.

    A key that is withdrawn goes on working in decisions that are remembered, here and in the gateway's own cache.
    """

    seconds: Annotated[int, Meta(ge=0, le=3600)] = 300
    entries: Annotated[int, Meta(ge=1, le=100_000)] = 1000


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Whether tokens can be revoked before their time, by a list that every decision is checked against.

    `when_unavailable` says what happens while the list cannot be read: refuse is a 503. `timeout` is how long a
    decision waits for it, in seconds. Tokens need `jti` and `iat` where it is enabled.
    """

    enabled: bool = False
    when_unavailable: Literal["refuse", "accept"] = "refuse"
    timeout: Waiting = 1.0


class Usage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which clients have a usage plan of their own, by issuer name, and what happens to the others."""

    clients: dict[str, tuple[str, ...]] = {}
    unlisted: Literal["default", "refuse"] = "default"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is in the bundle's settings file. `log_decisions` is a line, with metrics, for each decision.

    `policy_encoding` is the plainest one whose largest answer API Gateway accepts.
    """

    project: str
    stack: str
    issuers: tuple[Issuer, ...]
    routes: tuple[RouteScope, ...]
    keys: KeyTimes = KeyTimes()
    decisions: DecisionCache = DecisionCache()
    revocation: Revocation = Revocation()
    usage: Usage | None = None
    log_decisions: bool = True
    policy_encoding: PolicyEncoding = "methods"


def load(raw: bytes | None = None) -> Settings:
    """The settings in these bytes, or of this bundle. Raises OSError or msgspec.DecodeError."""
    return msgspec.json.decode(settings_file.read() if raw is None else raw, type=Settings)


def dump(settings: Settings) -> bytes:
    """The settings as the bundle's file holds them: the same bytes for the same settings."""
    return msgspec.json.encode(settings, order="deterministic")


def problems(settings: Settings) -> tuple[str, ...]:
    """What is wrong with settings whose types are right: one plain sentence each, none where they are sound."""
    return (
        *issuer_problems(settings.issuers),
        *(() if settings.issuers else ("there is no issuer",)),
        *time_problems(settings.keys, settings.revocation),
    )


def require_sound(settings: Settings) -> None:
    """Raises SettingsBroken with every problem of settings whose types are right."""
    if found := problems(settings):
        raise SettingsBroken("; ".join(found))


def issuer_problems(issuers: "Sequence[Issuer]") -> tuple[str, ...]:
    """What is wrong with issuers, each by itself and all together."""
    names = [issuer.name for issuer in issuers]
    urls = [issuer.url for issuer in issuers]
    return (
        *(f"issuer name {name!r} is used twice" for name in sorted({name for name in names if names.count(name) > 1})),
        *(f"issuer url {url!r} is used twice" for url in sorted({url for url in urls if urls.count(url) > 1})),
        *(problem for issuer in issuers for problem in _issuer_problems(issuer)),
    )


def time_problems(keys: KeyTimes, revocation: Revocation) -> tuple[str, ...]:
    """What is wrong with how long things last and are waited for."""
    found: list[str] = []
    if keys.refresh >= keys.limit:
        found.append(f"refresh ({keys.refresh} s) is not less than limit ({keys.limit} s)")
    # The first request may wait for what its process's start has waited for already, a later one for two fetches.
    longest = keys.deadline + max(keys.deadline, keys.patience) + (revocation.timeout if revocation.enabled else 0)
    if longest > MAX_WAITING:
        and_list = " and the timeout of the revocation" if revocation.enabled else ""
        found.append(
            f"deadline, the larger of deadline and patience{and_list} are {longest:g} s together; allowed are "
            f"{MAX_WAITING}, API Gateway waits ten"
        )
    return tuple(found)


def _issuer_problems(issuer: Issuer) -> tuple[str, ...]:
    found: list[str] = []
    for field, url in (("url", issuer.url), ("keyUrl", issuer.key_url)):
        if url is not None and not SECURE_URL.fullmatch(url):
            found.append(f"issuer {issuer.name!r}: {field} {url!r}, allowed is https, or http to a loopback address")
    if issuer.default_scopes and not issuer.required_claims:
        found.append(f"issuer {issuer.name!r}: defaultScopes need requiredClaims, or any token would gain them")
    return tuple(found)
