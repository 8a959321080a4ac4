"""What a verified token says, with its types (RFC 7519 §4, RFC 9068 §2.2), and which of it is accepted."""

from collections.abc import Mapping
from math import floor
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from authorizer.errors import (
    AudienceInvalid,
    ClaimMalformed,
    ClaimMissing,
    ClientNotAllowed,
    IssuedInFuture,
    LifetimeTooLong,
    RequiredClaimInvalid,
    SubjectInvalid,
    TokenExpired,
    TokenNotYetValid,
    TokenUseInvalid,
    TypeInvalid,
)
from authorizer.scopes import ScopeRules
from authorizer.settings import Issuer, ProfileName, is_printable

ACCESS = "access"
"""The only `token_use` that is accepted."""

LAST_SECOND = 253_402_300_799
"""The end of the year 9999."""

NumericDate = Annotated[int, Meta(ge=0, le=LAST_SECOND)] | Annotated[float, Meta(ge=0, le=LAST_SECOND)]
"""Seconds since 1970; fractions are allowed (RFC 7519 §2), booleans and strings are not."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What tokens of a kind of issuer look like.

    `types` are the accepted values of `typ`, lower case and without `application/`; None is a token without `typ`.
    `required` claims come on top of `iss`, `sub` and `exp`. `client_is_audience`: `client_id` is compared with the
    audiences instead of `aud`. `token_use`: that claim must be there and `access`; elsewhere it must only not be
    anything else. `client_id_only`: `azp`, `cid` and `appid` name no client.
    """

    types: frozenset[str | None]
    required: tuple[str, ...] = ()
    client_is_audience: bool = False
    token_use: bool = False
    client_id_only: bool = True


PROFILES: dict[ProfileName, Profile] = {
    "rfc9068": Profile(types=frozenset[str | None]({"at+jwt"}), required=("client_id", "iat", "jti")),
    # Amazon Cognito sets neither `typ` nor `aud` and tells ID tokens apart by `token_use`.
    "cognito": Profile(
        types=frozenset({None, "jwt"}),
        required=("client_id", "iat", "jti"),
        client_is_audience=True,
        token_use=True,
    ),
    # Providers older than RFC 9068: any of the types in use, clients named in several ways, no `iat` or `jti` needed.
    "generic": Profile(types=frozenset({None, "jwt", "at+jwt"}), client_id_only=False),
}


class Claims(msgspec.Struct, frozen=True):
    """The claims that are looked at, as the token has them. `client_id` to `appid` are the ways to name a client."""

    iss: str = ""
    sub: str = ""
    exp: NumericDate | UnsetType = UNSET
    aud: str | list[str] | UnsetType = UNSET
    iat: NumericDate | UnsetType = UNSET
    nbf: NumericDate | UnsetType = UNSET
    jti: str = ""
    client_id: str = ""
    azp: str = ""
    cid: str = ""
    appid: str = ""
    token_use: str | UnsetType = UNSET
    at_hash: Any = UNSET
    c_hash: Any = UNSET


class Caller(msgspec.Struct, frozen=True):
    """Who calls, once everything about the token is accepted.

    `scopes` are those of the API, sorted. `expires` is the second (since 1970) from which the token counts no more:
    its `exp` plus the issuer's leeway. `issued_at` is its `iat`.
    """

    issuer: str
    subject: str
    client: str
    token_id: str
    tenant: str | None
    scopes: tuple[str, ...]
    expires: int
    issued_at: float | None

    @property
    def owner(self) -> str:
        """Whose data this is. An issuer's name has no `|`, so the two parts cannot be taken for others."""
        return f"{self.issuer}|{self.subject}"


def parse_claims(members: Mapping[str, Any]) -> Claims:
    """The claims among a payload's members. Raises ClaimMalformed for one of the wrong type."""
    try:
        return msgspec.convert(members, Claims)
    except msgspec.ValidationError:
        raise ClaimMalformed from None


class ClaimRules:
    """The rules of one issuer for what its tokens must say."""

    def __init__(self, issuer: Issuer, api_scopes: frozenset[str]) -> None:
        self._issuer = issuer
        self._profile = PROFILES[issuer.profile]
        self._audiences = frozenset(issuer.audiences)
        self._clients = frozenset(issuer.clients)
        self._scopes = ScopeRules(issuer, api_scopes)

    def check(self, claims: Claims, members: Mapping[str, Any], typ: str | None, now: float) -> Caller:
        """Who calls. `members` has the claims that the issuer's settings name, `now` is in seconds since 1970.

        Raises HeaderInvalid or ClaimInvalid.
        """
        self._check_kind(claims, members, typ)
        self._check_audience(claims)
        expires = self._check_times(claims, now)
        if not claims.sub or not is_printable(claims.sub):
            raise SubjectInvalid
        if claims.jti and not is_printable(claims.jti):
            raise ClaimMalformed("jti")
        issuer = self._issuer
        if issuer.required_claims:
            self._check_required(members)
        return Caller(
            issuer.name,
            claims.sub,
            self._client(claims),
            claims.jti,
            None if issuer.tenant_claim is None else self._tenant(issuer.tenant_claim, members),
            self._scopes.granted(members),
            expires,
            None if isinstance(claims.iat, UnsetType) else claims.iat,
        )

    def _check_kind(self, claims: Claims, members: Mapping[str, Any], typ: str | None) -> None:
        profile = self._profile
        if typ not in profile.types and (typ is None or _subtype(typ) not in profile.types):
            raise TypeInvalid
        if claims.token_use != ACCESS and (profile.token_use or claims.token_use is not UNSET):
            raise TokenUseInvalid
        if claims.at_hash is not UNSET or claims.c_hash is not UNSET:
            raise TokenUseInvalid
        if not all(map(members.get, profile.required)):
            raise ClaimMissing(next(name for name in profile.required if not members.get(name)))

    def _check_audience(self, claims: Claims) -> None:
        audience = claims.client_id if self._profile.client_is_audience else claims.aud
        if audience is UNSET:
            raise ClaimMissing("aud")
        if self._audiences.isdisjoint((audience,) if isinstance(audience, str) else audience):
            raise AudienceInvalid

    def _check_times(self, claims: Claims, now: float) -> int:
        leeway, longest = self._issuer.leeway, self._issuer.max_lifetime
        if isinstance(claims.exp, UnsetType):
            raise ClaimMissing("exp")
        expires = floor(claims.exp) + leeway
        if now >= expires:
            raise TokenExpired
        if not isinstance(claims.nbf, UnsetType) and claims.nbf > now + leeway:
            raise TokenNotYetValid
        if not isinstance(claims.iat, UnsetType):
            if claims.iat > now + leeway:
                raise IssuedInFuture
            if claims.exp - claims.iat > longest:
                raise LifetimeTooLong
        if claims.exp - now > longest + leeway:
            raise LifetimeTooLong
        return expires

    def _check_required(self, members: Mapping[str, Any]) -> None:
        for name, allowed in self._issuer.required_claims.items():
            value = members.get(name)
            if not isinstance(value, str) or value not in allowed:
                raise RequiredClaimInvalid(name)

    def _client(self, claims: Claims) -> str:
        client = claims.client_id
        if not client and not self._profile.client_id_only:
            client = claims.azp or claims.cid or claims.appid
        if (self._clients and client not in self._clients) or (client and not is_printable(client)):
            raise ClientNotAllowed
        return client

    def _tenant(self, claim: str, members: Mapping[str, Any]) -> str:
        tenant = members.get(claim)
        if not isinstance(tenant, str) or not tenant or not is_printable(tenant):
            raise ClaimMissing(claim)
        return tenant


def _subtype(typ: str) -> str:
    """A media type without the `application/` that a `typ` may leave out, in lower case (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/")
