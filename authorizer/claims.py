"""The claims of a token, and their validation by type and value (RFC 7519 §4, RFC 9068 §2.2)."""

from collections.abc import Mapping
from math import floor
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from authorizer import errors
from authorizer.scopes import ScopeRules
from authorizer.settings import Issuer, ProfileName, is_printable

ACCESS = "access"
"""The accepted `token_use`."""

LAST_SECOND = 253_402_300_799
"""The last second of the year 9999, since 1970."""

NumericDate = Annotated[int, Meta(ge=0, le=LAST_SECOND)] | Annotated[float, Meta(ge=0, le=LAST_SECOND)]
"""Seconds since 1970; fractions are allowed (RFC 7519 §2), booleans and strings are not."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The format of the access tokens of a kind of issuer.

    `types` are the accepted values of `typ`, in lower case and without `application/`; None accepts tokens without
    `typ`. `required` are the required claims besides `iss`, `sub` and `exp`. With `client_is_audience`, `client_id` is
    compared with the audiences instead of `aud`. With `token_use`, that claim is required; otherwise it is optional.
    With `client_id_only`, the claims `azp`, `cid` and `appid` are ignored.
    """

    types: frozenset[str | None]
    required: tuple[str, ...] = ()
    client_is_audience: bool = False
    token_use: bool = False
    client_id_only: bool = True


PROFILES: dict[ProfileName, Profile] = {
    "rfc9068": Profile(types=frozenset[str | None]({"at+jwt"}), required=("client_id", "iat", "jti")),
    # Amazon Cognito sets neither `typ` nor `aud`, and distinguishes ID tokens by `token_use`.
    "cognito": Profile(
        types=frozenset({None, "jwt"}), required=("client_id", "iat", "jti"), client_is_audience=True, token_use=True
    ),
    # Providers older than RFC 9068 use several values of `typ` and several claims for the client.
    "generic": Profile(types=frozenset({None, "jwt", "at+jwt"}), client_id_only=False),
}


class Claims(msgspec.Struct, frozen=True):
    """The claims that every token is checked for. `client_id`, `azp`, `cid` and `appid` may all contain the client."""

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
    """The sender of a request, from its validated token.

    `scopes` are those of this API, sorted. `expires` is the token's `exp` plus the issuer's leeway, and `issued_at` its
    `iat`, both in seconds since 1970.
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
        """The owner of the caller's data. It is unambiguous, because an issuer's name has no `|`."""
        return f"{self.issuer}|{self.subject}"


def parse_claims(payload: Mapping[str, Any]) -> Claims:
    """Return the claims of a payload. Raises ClaimMalformed if one has the wrong type."""
    try:
        return msgspec.convert(payload, Claims)
    except msgspec.ValidationError:
        raise errors.ClaimMalformed from None


class ClaimRules:
    """The rules for the claims of one issuer's tokens."""

    def __init__(self, issuer: Issuer, api_scopes: frozenset[str]) -> None:
        self._issuer = issuer
        self._profile = PROFILES[issuer.profile]
        self._audiences = frozenset(issuer.audiences)
        self._clients = frozenset(issuer.clients)
        self._scopes = ScopeRules(issuer, api_scopes)

    def check(self, claims: Claims, payload: Mapping[str, Any], typ: str | None, now: float) -> Caller:
        """Validate the claims of a token with a verified signature, and return its caller.

        `payload` contains the claims that the issuer's settings name. `now` is in seconds since 1970. Raises
        HeaderInvalid or ClaimInvalid.
        """
        self._check_kind(claims, payload, typ)
        self._check_audience(claims)
        expires = self._check_times(claims, now)
        if not claims.sub or not is_printable(claims.sub):
            raise errors.SubjectInvalid
        if claims.jti and not is_printable(claims.jti):
            raise errors.ClaimMalformed("jti")
        issuer = self._issuer
        if issuer.required_claims:
            self._check_required(payload)
        return Caller(
            issuer.name,
            claims.sub,
            self._client(claims),
            claims.jti,
            None if issuer.tenant_claim is None else self._tenant(issuer.tenant_claim, payload),
            self._scopes.granted(payload),
            expires,
            None if isinstance(claims.iat, UnsetType) else claims.iat,
        )

    def _check_kind(self, claims: Claims, payload: Mapping[str, Any], typ: str | None) -> None:
        profile = self._profile
        if typ not in profile.types and (typ is None or _subtype(typ) not in profile.types):
            raise errors.TypeInvalid
        if claims.token_use != ACCESS and (profile.token_use or claims.token_use is not UNSET):
            raise errors.TokenUseInvalid
        if claims.at_hash is not UNSET or claims.c_hash is not UNSET:
            raise errors.TokenUseInvalid
        if not all(map(payload.get, profile.required)):
            raise errors.ClaimMissing(next(name for name in profile.required if not payload.get(name)))

    def _check_audience(self, claims: Claims) -> None:
        audience = claims.client_id if self._profile.client_is_audience else claims.aud
        if audience is UNSET:
            raise errors.ClaimMissing("aud")
        if self._audiences.isdisjoint((audience,) if isinstance(audience, str) else audience):
            raise errors.AudienceInvalid

    def _check_times(self, claims: Claims, now: float) -> int:
        leeway, longest = self._issuer.leeway, self._issuer.max_lifetime
        if isinstance(claims.exp, UnsetType):
            raise errors.ClaimMissing("exp")
        expires = floor(claims.exp) + leeway
        if now >= expires:
            raise errors.TokenExpired
        if not isinstance(claims.nbf, UnsetType) and claims.nbf > now + leeway:
            raise errors.TokenNotYetValid
        if not isinstance(claims.iat, UnsetType):
            if claims.iat > now + leeway:
                raise errors.IssuedInFuture
            if claims.exp - claims.iat > longest:
                raise errors.LifetimeTooLong
        if claims.exp - now > longest + leeway:
            raise errors.LifetimeTooLong
        return expires

    def _check_required(self, payload: Mapping[str, Any]) -> None:
        for name, allowed in self._issuer.required_claims.items():
            value = payload.get(name)
            if not isinstance(value, str) or value not in allowed:
                raise errors.RequiredClaimInvalid(name)

    def _client(self, claims: Claims) -> str:
        client = claims.client_id
        if not client and not self._profile.client_id_only:
            client = claims.azp or claims.cid or claims.appid
        if (self._clients and client not in self._clients) or (client and not is_printable(client)):
            raise errors.ClientNotAllowed
        return client

    def _tenant(self, claim: str, payload: Mapping[str, Any]) -> str:
        tenant = payload.get(claim)
        if not isinstance(tenant, str) or not tenant or not is_printable(tenant):
            raise errors.ClaimMissing(claim)
        return tenant


def _subtype(typ: str) -> str:
    """Return a media type in lower case and without `application/`, which `typ` may omit (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/")
