"""What a verified token says, with its types (RFC 7519 §4, RFC 9068 §2.2), and which of it is accepted."""

from collections.abc import Mapping
from math import floor
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from authorizer.errors import (
    AudienceWrong,
    ClaimMalformed,
    ClaimMissing,
    ClientRefused,
    IssuedInFuture,
    LifetimeTooLong,
    RequiredClaimWrong,
    SubjectRefused,
    TokenExpired,
    TokenNotYetValid,
    TokenUseWrong,
    TypeWrong,
)
from authorizer.profiles import PROFILES
from authorizer.scopes import ScopeRules
from authorizer.settings import Issuer

MAX_TEXT = 255
"""Bytes of a subject, client, token id or tenant as JSON writes it, so that the size of an answer has a bound.

OpenID Connect Core 1.0 §2 allows a subject 255 ASCII characters; of those, JSON writes `"` and `\\` as two bytes.
"""

_SURELY_SHORT = MAX_TEXT // 4
"""Characters that take no more than MAX_TEXT bytes, whichever they are."""

ACCESS = "access"
"""The only `token_use` that is accepted."""

LAST_SECOND = 253_402_300_799
"""The end of the year 9999."""

NumericDate = Annotated[int, Meta(ge=0, le=LAST_SECOND)] | Annotated[float, Meta(ge=0, le=LAST_SECOND)]
"""Seconds since 1970; fractions are allowed (RFC 7519 §2), booleans and strings are not."""


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


def from_members(members: Mapping[str, Any]) -> Claims:
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

        Raises HeaderRefused or ClaimRefused.
        """
        self._check_kind(claims, members, typ)
        self._check_audience(claims)
        expires = self._check_times(claims, now)
        if not claims.sub or not is_plain(claims.sub):
            raise SubjectRefused
        if claims.jti and not is_plain(claims.jti):
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
            raise TypeWrong
        if claims.token_use != ACCESS and (profile.token_use or claims.token_use is not UNSET):
            raise TokenUseWrong
        if claims.at_hash is not UNSET or claims.c_hash is not UNSET:
            raise TokenUseWrong
        if not all(map(members.get, profile.required)):
            raise ClaimMissing(next(name for name in profile.required if not members.get(name)))

    def _check_audience(self, claims: Claims) -> None:
        audience = claims.client_id if self._profile.client_is_audience else claims.aud
        if audience is UNSET:
            raise ClaimMissing("aud")
        if self._audiences.isdisjoint((audience,) if isinstance(audience, str) else audience):
            raise AudienceWrong

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
                raise RequiredClaimWrong(name)

    def _client(self, claims: Claims) -> str:
        client = claims.client_id
        if not client and not self._profile.client_id_only:
            client = claims.azp or claims.cid or claims.appid
        if (self._clients and client not in self._clients) or (client and not is_plain(client)):
            raise ClientRefused
        return client

    def _tenant(self, claim: str, members: Mapping[str, Any]) -> str:
        tenant = members.get(claim)
        if not isinstance(tenant, str) or not tenant or not is_plain(tenant):
            raise ClaimMissing(claim)
        return tenant


def _subtype(typ: str) -> str:
    """A media type without the `application/` that a `typ` may leave out, in lower case (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/")


def is_plain(text: str) -> bool:
    """Whether a text is printable and takes no more than MAX_TEXT bytes."""
    return text.isprintable() and (len(text) <= _SURELY_SHORT or len(msgspec.json.encode(text)) - 2 <= MAX_TEXT)
