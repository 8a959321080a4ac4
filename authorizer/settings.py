"""Deployment-time settings of the authorizer, which its bundle contains as a JSON file."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from authorizer import settings_file
from authorizer.errors import SettingsInvalid

MAX_TOTAL_WAIT = 9
"""Seconds: the maximum sum of the timeouts of one decision. API Gateway waits 10 seconds for an authorizer."""

MAX_LIFETIME = 604_800
"""Seconds: the longest token lifetime that an issuer's settings may allow."""

MAX_LEEWAY = 300
"""Seconds: the largest clock difference that an issuer's settings may allow."""

MAX_URL = 512
"""Characters of a configured or discovered URL."""

MAX_TEXT = 255
"""Bytes of a subject, client, token id or tenant in JSON, so that the size of the authorizer's output is bounded.

OpenID Connect Core 1.0 §2 allows a subject 255 ASCII characters; JSON writes `"` and `\\` as two bytes each.
"""

PRINTABLE = f"must be printable and at most {MAX_TEXT} bytes"
"""The requirement of `is_printable`."""

_ALWAYS_SHORT = MAX_TEXT // 4
"""Characters that always fit in MAX_TEXT bytes."""

# The patterns are valid in Python and in ECMAScript, which JSON Schema uses. `(?![\s\S])` is the end of the text; `$`
# would allow a line feed before it in Python.
_END = r"(?![\s\S])"
_ORIGIN = (
    r"(?:https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])"
    r"|http://(localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\]))"
    r"(?::([0-9]{1,9}))?"
)
_ISSUER_URL = rf'^{_ORIGIN}(/[!-"$->@-~]*)?{_END}'
_KEY_URL = rf'^{_ORIGIN}(/[!-"$-~]*)?{_END}'
SECURE_URL = re.compile(_KEY_URL)
"""An https URL, or http to a loopback address. The groups are the https host, the http host, the port and the path."""

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
ProfileName = Literal["rfc9068", "cognito", "generic"]
PolicyEncoding = Literal["methods", "compact", "compact-any-region"]
"""Ways to write the same policy, from the most readable to the shortest (authorizer/policy.py)."""
CacheBy = Literal["token", "route"]
"""What API Gateway caches a policy by: the token, or the token and the route."""


def _pattern(pattern: str, requirement: str) -> Meta:
    """Return a pattern that error messages describe by a requirement in words."""
    return Meta(pattern=pattern, extra={"requirement": requirement})


_SECURE = "https, or http to a loopback address, without user information"

Name = Annotated[
    str,
    _pattern(
        rf"^[a-z][a-z0-9-]{{0,31}}{_END}", "1 to 32 lower-case letters, digits and hyphens, starting with a letter"
    ),
]
Url = Annotated[str, Meta(max_length=MAX_URL), _pattern(_ISSUER_URL, f"{_SECURE}, query or fragment")]
KeyUrl = Annotated[str, Meta(max_length=MAX_URL), _pattern(_KEY_URL, f"{_SECURE} or fragment")]
Seconds = Annotated[int, Meta(ge=1, le=604_800)]
Timeout = Annotated[float, Meta(ge=0.1, le=8)]
Text = Annotated[str, Meta(min_length=1, max_length=255)]


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An identity provider whose access tokens are accepted."""

    name: Annotated[Name, Meta(description="Identifies, together with a subject, the owner of data. Never change it.")]
    url: Annotated[Url, Meta(description="The issuer's URL, exactly as in the `iss` claim of its tokens.")]
    audiences: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            min_length=1,
            description="A token's `aud` (its `client_id` with the profile `cognito`) must contain one of these.",
        ),
    ]
    algorithms: Annotated[
        tuple[Algorithm, ...], Meta(min_length=1, description="The accepted signature algorithms.")
    ] = ("RS256", "ES256", "EdDSA")
    profile: Annotated[
        ProfileName,
        Meta(description="The format of tokens: `rfc9068`, `cognito`, or `generic` for providers older than RFC 9068."),
    ] = "rfc9068"
    key_url: Annotated[
        KeyUrl | None, Meta(description="The URL of the JWKS document. By default, it is discovered from the URL.")
    ] = None
    leeway: Annotated[
        int, Meta(ge=0, le=MAX_LEEWAY, description="The clock difference in seconds that is tolerated.")
    ] = 30
    max_lifetime: Annotated[
        int, Meta(ge=60, le=MAX_LIFETIME, description="The longest accepted lifetime of a token, in seconds.")
    ] = 86_400
    scope_claim: Annotated[
        Text | None, Meta(description="The claim with the scopes, a string or a list. By default, it is `scope`.")
    ] = None
    scope_prefix: Annotated[
        str, Meta(max_length=255, description="A prefix that is removed from scopes. Scopes without it are ignored.")
    ] = ""
    scope_separator: Annotated[
        str, Meta(min_length=1, max_length=8, description="Separates collection and verb in the issuer's scopes.")
    ] = ":"
    default_scopes: Annotated[
        tuple[Text, ...], Meta(description="The scopes of tokens without a scope claim. Requires `requiredClaims`.")
    ] = ()
    required_claims: Annotated[
        dict[str, tuple[str, ...]], Meta(description="Claims that a token must have, each with its accepted values.")
    ] = {}
    clients: Annotated[
        tuple[Text, ...], Meta(description="The accepted client ids. By default, all clients are accepted.")
    ] = ()
    tenant_claim: Annotated[
        Text | None, Meta(description="The claim with the tenant. If set, tokens without the claim are rejected.")
    ] = None


class RouteScope(msgspec.Struct, frozen=True, kw_only=True):
    """A route as the authorizer sees it: its methods, its path template and the scope that allows it."""

    methods: tuple[str, ...]
    path: str
    scope: str


class KeySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Lifetimes and timeouts of the issuers' keys."""

    max_age: Annotated[Seconds, Meta(description="The age in seconds from which a request refreshes the keys.")] = 300
    stale_if_error: Annotated[
        Seconds, Meta(description="The age in seconds up to which keys are used while they cannot be refreshed.")
    ] = 21_600
    cooldown: Annotated[
        Seconds, Meta(description="The minimum time in seconds between two fetches that unknown key ids cause.")
    ] = 30
    retry_delay: Annotated[
        Seconds, Meta(description="The minimum time in seconds between a failed fetch and a retry.")
    ] = 5
    fetch_timeout: Annotated[
        Timeout, Meta(description="The timeout in seconds of a fetch that a decision has to wait for.")
    ] = 3.0
    refresh_timeout: Annotated[
        Timeout, Meta(description="The timeout in seconds of a refresh while cached keys are still usable.")
    ] = 1.0


class DecisionCacheSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cache of decisions in each process of the authorizer.

    A key that its issuer has withdrawn stays valid in cached decisions, here and in API Gateway's own cache.
    """

    seconds: Annotated[int, Meta(ge=0, le=3600, description="Seconds to cache a decision; 0 disables it.")] = 300
    entries: Annotated[int, Meta(ge=1, le=100_000, description="The maximum number of cached decisions.")] = 1000


class RevocationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Revocation of tokens that have not expired yet, by a denylist that is read for every decision."""

    enabled: Annotated[
        bool, Meta(description="Whether tokens can be revoked. If so, they must have the claims `jti` and `iat`.")
    ] = False
    when_unavailable: Annotated[
        Literal["refuse", "accept"],
        Meta(description="While the denylist cannot be read, `refuse` requests with 503, or `accept` them unchecked."),
    ] = "refuse"
    timeout: Annotated[Timeout, Meta(description="The timeout in seconds for reading the denylist.")] = 1.0


class UsageClients(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The clients that are listed in a usage plan, by issuer name, and what happens to all others.

    `names` has, by issuer name, the names by client id of clients that a plan lists by name.
    """

    clients: dict[str, tuple[str, ...]] = {}
    unlisted: Literal["default", "refuse"] = "default"
    names: dict[str, dict[str, str]] = {}


class DeploymentSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The content of the bundle's settings file.

    With `log_decisions`, each decision is logged in a line with metrics. `policy_encoding` is the most readable one
    that fits API Gateway's limit for every caller. `cache_by` is how the API is deployed; the authorizer recognizes it
    by the event, so that it can serve the deployments before and after a change.
    """

    project: str
    stack: str
    issuers: tuple[Issuer, ...]
    routes: tuple[RouteScope, ...]
    keys: KeySettings = KeySettings()
    decision_cache: DecisionCacheSettings = DecisionCacheSettings()
    revocation: RevocationSettings = RevocationSettings()
    usage: UsageClients | None = None
    log_decisions: bool = True
    policy_encoding: PolicyEncoding = "methods"
    cache_by: CacheBy = "token"


class SettingProblem(NamedTuple):
    """A setting that must be changed: its path, such as `issuers[1].url`, what is required, and the value found."""

    field: str
    requirement: str
    found: Any


def load(raw: bytes | None = None) -> DeploymentSettings:
    """Decode these bytes, or the settings file of this bundle. Raises OSError or msgspec.DecodeError."""
    return msgspec.json.decode(settings_file.read() if raw is None else raw, type=DeploymentSettings)


def dump(settings: DeploymentSettings) -> bytes:
    """Encode settings for the bundle's file: equal settings give equal bytes."""
    return msgspec.json.encode(settings, order="deterministic")


def require_valid(settings: DeploymentSettings) -> None:
    """Raise SettingsInvalid with all problems of the settings, if there are any."""
    problems = problems_of(settings.issuers, settings.keys, settings.revocation)
    if messages := [f"{field}: {requirement} (found {found!r})" for field, requirement, found in problems]:
        raise SettingsInvalid("; ".join(messages))


def problems_of(
    issuers: Sequence[Issuer], keys: KeySettings, revocation: RevocationSettings
) -> Iterator[SettingProblem]:
    """Yield the problems of settings that have the right types.

    The authorizer checks them at its start, and the program before a deployment. Empty names and URLs, which the types
    reject, are not reported again.
    """
    if not issuers:
        yield SettingProblem("issuers", "must not be empty", [])
    for index, issuer in enumerate(issuers):
        yield from _issuer_problems(f"issuers[{index}]", issuer, issuers[:index])
    yield from _key_problems(keys, revocation)


def _issuer_problems(path: str, issuer: Issuer, earlier: Sequence[Issuer]) -> Iterator[SettingProblem]:
    if issuer.name and issuer.name in [other.name for other in earlier]:
        yield SettingProblem(f"{path}.name", "must not be the name of another issuer", issuer.name)
    if issuer.url and issuer.url in [other.url for other in earlier]:
        yield SettingProblem(f"{path}.url", "must not be the URL of another issuer", issuer.url)
    for index, client in enumerate(issuer.clients):
        if not is_printable(client):
            yield SettingProblem(f"{path}.clients[{index}]", PRINTABLE, client[:40])
    if issuer.default_scopes and not issuer.required_claims:
        requirement = "requires requiredClaims, because otherwise every token of the issuer would have these scopes"
        yield SettingProblem(f"{path}.defaultScopes", requirement, list(issuer.default_scopes))


def _key_problems(keys: KeySettings, revocation: RevocationSettings) -> Iterator[SettingProblem]:
    if keys.stale_if_error <= keys.max_age:
        requirement = f"must be greater than maxAge, which is {keys.max_age}"
        yield SettingProblem("keys.staleIfError", requirement, keys.stale_if_error)
    # The first request may wait as long as the start of its process has waited already; a later one for two fetches.
    terms = [keys.fetch_timeout, max(keys.fetch_timeout, keys.refresh_timeout)]
    names = "fetchTimeout and the greater of fetchTimeout and refreshTimeout"
    if revocation.enabled:
        terms.append(revocation.timeout)
        names = "fetchTimeout, the greater of fetchTimeout and refreshTimeout, and the revocation's timeout"
    if sum(terms) > MAX_TOTAL_WAIT:
        requirement = f"must be less: {names} add up to {sum(terms):g} seconds, but must not exceed {MAX_TOTAL_WAIT}"
        yield SettingProblem("keys.fetchTimeout", requirement, keys.fetch_timeout)


def is_printable(text: str) -> bool:
    """Return whether a text is printable and takes at most MAX_TEXT bytes in JSON."""
    return text.isprintable() and (len(text) <= _ALWAYS_SHORT or len(msgspec.json.encode(text)) - 2 <= MAX_TEXT)
