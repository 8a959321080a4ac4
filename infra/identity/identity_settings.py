"""The settings of the stack's user pool: its clients, who may sign up, and how people sign in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from authorizer.settings import Issuer, Name
from handlers.contract import REQUIREMENT, FieldError, Route

PLACEHOLDER = "https://user-pool.invalid"
"""Stands for the pool's URL, which is known only after its creation. No token can have it as its issuer."""

MAX_SCOPES = 50
"""Scopes of a client (AWS, "UserPoolClientType")."""

MAX_API_SCOPES = 100
"""Scopes of a resource server (AWS, "Quotas in Amazon Cognito")."""

SIGN_IN_SCOPES = ("openid", "email")
"""The scopes of OpenID Connect that apps may request in addition to the API's."""

# Cognito requires https except for `http://localhost`; a scheme of an app must have a dot (RFC 8252 §7.1).
RedirectUrl = Annotated[
    str,
    Meta(
        max_length=1024,
        pattern=r'^(https://|http://localhost([:/]|(?![\s\S]))|[a-z][a-z0-9+-]*\.[a-z0-9.+-]+:/)[!"$-~]*(?![\s\S])',
        extra={REQUIREMENT: "https, http://localhost, or the scheme of an app (com.example.app:/), without a fragment"},
    ),
]
Scope = Annotated[str, Meta(min_length=1, max_length=256)]


class AppSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An app in which people sign in: a public client, with authorization code and PKCE."""

    callback_urls: Annotated[
        tuple[RedirectUrl, ...], Meta(min_length=1, max_length=100, description="Where people return after signing in.")
    ]
    logout_urls: Annotated[
        tuple[RedirectUrl, ...], Meta(max_length=100, description="Where people may return after signing out.")
    ] = ()
    scopes: Annotated[
        tuple[Scope, ...], Meta(description="The API's scopes that the app may request. By default, it is all of them.")
    ] = ()


class PasswordSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What passwords must have."""

    min_length: Annotated[int, Meta(ge=8, le=99, description="The minimum number of characters.")] = 12
    require: Annotated[
        tuple[Literal["lowercase", "uppercase", "numbers", "symbols"], ...],
        Meta(description="The kinds of characters that a password must contain."),
    ] = ("lowercase", "uppercase", "numbers", "symbols")
    history: Annotated[
        int, Meta(ge=0, le=24, description="The number of earlier passwords that must not be used again.")
    ] = 0
    temporary_days: Annotated[
        int, Meta(ge=1, le=365, description="Days in which an invited person must sign in for the first time.")
    ] = 7


class EmailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The sender of the pool's email in Amazon SES."""

    identity: Annotated[
        str,
        Meta(
            pattern=r"^arn:[a-z-]+:ses:[a-z0-9-]+:[0-9]{12}:identity/[!-~]+(?![\s\S])",
            extra={REQUIREMENT: "the ARN of an identity of Amazon SES"},
            description="The verified identity.",
        ),
    ]
    sender: Annotated[Scope, Meta(description="The sender: `Example <no-reply@example.com>`.")]


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A Cognito user pool of the stack, whose tokens the API accepts."""

    enabled: Annotated[bool, Meta(description="Whether the stack has a user pool. Needs `apps` or `machines`.")] = False
    issuer: Annotated[
        Name,
        Meta(description="The name of the pool as an issuer, which is part of the owner of data. Never change it."),
    ] = "users"
    apps: Annotated[
        dict[Name, AppSettings], Meta(description="The apps in which people sign in, such as `web` and `mobile`.")
    ] = {}
    machines: Annotated[
        dict[Name, Annotated[tuple[Scope, ...], Meta(min_length=1)]],
        Meta(description="Programs that get tokens with their own secrets, and the API's scopes of each."),
    ] = {}
    self_sign_up: Annotated[
        bool, Meta(description="Whether people can sign up. Otherwise, administrators create users.")
    ] = False
    mfa: Annotated[
        Literal["none", "optional", "required"],
        Meta(description="Whether people use a code from an authenticator app in addition to their password."),
    ] = "optional"
    password: Annotated[PasswordSettings, Meta(description="What passwords must have.")] = PasswordSettings()
    tier: Annotated[
        Literal["lite", "essentials", "plus"],
        Meta(description="The feature plan. `lite` cannot rotate refresh tokens; `plus` blocks risky sign-ins."),
    ] = "essentials"
    domain: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^(?!.*(aws|amazon|cognito))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(?![\s\S])",
                extra={REQUIREMENT: "1 to 63 lower-case letters, digits and hyphens, without aws, amazon and cognito"},
            ),
        ]
        | None,
        Meta(description="The first part of the sign-in pages' domain. By default, it contains the pool's id."),
    ] = None
    email: Annotated[
        EmailSettings | None, Meta(description="The sender of email. By default, it is Cognito, for 50 a day.")
    ] = None
    access_token_minutes: Annotated[int, Meta(ge=5, le=1440, description="The lifetime of access and ID tokens.")] = 60
    refresh_token_days: Annotated[
        int, Meta(ge=1, le=3650, description="Days after which people must sign in again.")
    ] = 30

    @property
    def clients(self) -> tuple[str, ...]:
        """The names of all clients."""
        return (*self.apps, *self.machines)

    def issuers(self) -> tuple[Issuer, ...]:
        """Return the pool as an issuer, with placeholders for its URL and the ids of its clients, or none."""
        if not self.enabled:
            return ()
        return (Issuer(name=self.issuer, url=PLACEHOLDER, audiences=self.clients, clients=self.clients),)

    def problems(self) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        if self.enabled and not self.clients:
            yield FieldError("identity.apps", "must not be empty, unless there are machines")
        for name in self.machines:
            if name in self.apps:
                yield FieldError(f"identity.machines.{name}", "must not be the name of an app")
        if self.tier == "lite" and self.password.history:
            requirement = "requires tier: essentials or plus"
            yield FieldError("identity.password.history", requirement, self.password.history)

    def contract_problems(self, routes: Sequence[Route]) -> Iterator[str]:
        """Yield a line for each scope that the contract does not have, and for more scopes than Cognito allows."""
        if not self.enabled:
            return
        known = api_scopes(routes)
        if len(known) > MAX_API_SCOPES:
            yield f"gatehouse:identity: the API has {len(known)} scopes, and a user pool allows {MAX_API_SCOPES}"
        for key, scopes in self._listed(known).items():
            for scope in scopes:
                if scope not in known:
                    yield f"gatehouse:identity.{key}: unknown scope {scope!r}; scopes: {', '.join(known)}"
            if len(scopes) > MAX_SCOPES - len(SIGN_IN_SCOPES):
                yield f"gatehouse:identity.{key}: must list at most {MAX_SCOPES - len(SIGN_IN_SCOPES)} of the scopes"

    def _listed(self, known: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the API's scopes of each client, by the setting that lists them."""
        apps = {f"apps.{name}.scopes": app.scopes or known for name, app in self.apps.items()}
        return {**apps, **{f"machines.{name}": scopes for name, scopes in self.machines.items()}}


def api_scopes(routes: Sequence[Route]) -> list[str]:
    """Return the API's scopes, sorted."""
    return sorted({route.scope for route in routes})
