"""Why a request is rejected or its decision fails: one class per check.

    AuthorizerError
    ├── NotAuthentic                 the gateway answers 401
    │   ├── CredentialsInvalid       not a bearer token: RFC 6750 §2.1
    │   │   ├── CredentialsMissing
    │   │   ├── SchemeInvalid
    │   │   └── TokenTooLong
    │   ├── TokenMalformed           not a JWS in compact form: RFC 7515 §3, §5.2
    │   │   ├── SegmentsInvalid
    │   │   ├── EncodingNotCanonical
    │   │   ├── JsonMalformed
    │   │   └── DuplicateMember
    │   ├── HeaderInvalid            RFC 7515 §4
    │   │   ├── KeyInHeader
    │   │   ├── CriticalHeader
    │   │   ├── AlgorithmNotAllowed
    │   │   └── TypeInvalid
    │   ├── KeyUnknown
    │   ├── SignatureInvalid
    │   └── ClaimInvalid             RFC 7519 §4, RFC 9068 §4
    │       ├── ClaimMalformed
    │       ├── ClaimMissing
    │       ├── IssuerUnknown
    │       ├── AudienceInvalid
    │       ├── TokenExpired
    │       ├── TokenNotYetValid
    │       ├── IssuedInFuture
    │       ├── LifetimeTooLong
    │       ├── SubjectInvalid
    │       ├── ClientNotAllowed
    │       ├── TokenUseInvalid
    │       ├── RequiredClaimInvalid
    │       └── TokenRevoked
    └── Fault                        an internal error: the gateway answers 503
        ├── SettingsInvalid
        ├── EventMalformed
        ├── KeysUnavailable
        └── RevocationsUnavailable

The class identifies the failed check, and `claim` the claim where a class covers several. Messages contain no part of a
token.
"""


class AuthorizerError(Exception):
    """Base class for authorizer errors.

    All attributes are logged: `reason` names the failed check, `issuer` and `key_id` are those of the token once they
    are known, and `cached` is 1 if the decision came from the cache.
    """

    reason = "error"
    claim: str | None = None
    issuer: str | None = None
    key_id: str | None = None
    cached = 0

    def __init_subclass__(cls, reason: str) -> None:
        super().__init_subclass__()
        cls.reason = reason


class NotAuthentic(AuthorizerError, reason="not_authentic"):
    """The request has no valid token. `claim` names the invalid claim."""

    def __init__(self, claim: str | None = None) -> None:
        super().__init__()
        self.claim = claim


class CredentialsInvalid(NotAuthentic, reason="credentials"):
    """The request has no bearer token (RFC 6750 §2.1)."""


class CredentialsMissing(CredentialsInvalid, reason="credentials_missing"):
    """The request has no credentials."""


class SchemeInvalid(CredentialsInvalid, reason="scheme"):
    """The credentials are not `Bearer`, one space and a token."""


class TokenTooLong(CredentialsInvalid, reason="token_length"):
    """The token is longer than the limit."""


class TokenMalformed(NotAuthentic, reason="token"):
    """The token is not a JWS in compact form (RFC 7515 §7.1)."""


class SegmentsInvalid(TokenMalformed, reason="segments"):
    """The token does not have exactly three non-empty segments."""


class EncodingNotCanonical(TokenMalformed, reason="encoding"):
    """A segment is not canonical base64url: it has padding, other characters or non-zero trailing bits."""


class JsonMalformed(TokenMalformed, reason="json"):
    """The header or the payload is not one JSON object in UTF-8 (RFC 8259)."""


class DuplicateMember(TokenMalformed, reason="json_duplicate"):
    """An object has two members with the same name, of which different parsers choose different ones (RFC 7519 §4)."""


class HeaderInvalid(NotAuthentic, reason="header"):
    """The header has a member that is not accepted (RFC 7515 §4.1)."""


class KeyInHeader(HeaderInvalid, reason="header_key"):
    """The header contains a key, a reference to one, or compression: `jku`, `jwk`, `x5u`, `x5c`, `zip`."""


class CriticalHeader(HeaderInvalid, reason="header_crit"):
    """The header requires an extension (`crit`, `b64`); none is supported (RFC 7515 §4.1.11, RFC 7797)."""


class AlgorithmNotAllowed(HeaderInvalid, reason="algorithm"):
    """The issuer's settings do not allow the algorithm."""


class TypeInvalid(HeaderInvalid, reason="typ"):
    """The `typ` is not that of an access token (RFC 9068 §2.1)."""


class KeyUnknown(NotAuthentic, reason="key_unknown"):
    """The issuer has no key with this id for this algorithm."""


class SignatureInvalid(NotAuthentic, reason="signature"):
    """The signature does not match the header and the payload."""


class ClaimInvalid(NotAuthentic, reason="claim"):
    """A claim is missing, has the wrong type or is not accepted."""


class ClaimMalformed(ClaimInvalid, reason="claim_type"):
    """A claim has the wrong type."""


class ClaimMissing(ClaimInvalid, reason="claim_missing"):
    """A required claim is missing."""


class IssuerUnknown(ClaimInvalid, reason="issuer"):
    """No configured issuer has this `iss`."""


class AudienceInvalid(ClaimInvalid, reason="audience"):
    """The token is for another audience."""


class TokenExpired(ClaimInvalid, reason="expired"):
    """`exp` plus the leeway is in the past."""


class TokenNotYetValid(ClaimInvalid, reason="not_yet_valid"):
    """`nbf` is in the future."""


class IssuedInFuture(ClaimInvalid, reason="issued_in_future"):
    """`iat` is in the future."""


class LifetimeTooLong(ClaimInvalid, reason="lifetime"):
    """The token's lifetime is longer than the issuer's settings allow."""


class SubjectInvalid(ClaimInvalid, reason="subject"):
    """The subject is empty, too long or not printable."""


class ClientNotAllowed(ClaimInvalid, reason="client"):
    """The client is not one that the issuer's settings list, or is too long or not printable."""


class TokenUseInvalid(ClaimInvalid, reason="token_use"):
    """The token is an ID token or a refresh token."""


class RequiredClaimInvalid(ClaimInvalid, reason="required_claim"):
    """A claim does not have the value that the issuer's settings require."""


class TokenRevoked(ClaimInvalid, reason="revoked"):
    """The token, or all tokens of its subject, are revoked."""


class Fault(AuthorizerError, reason="fault"):
    """An internal error: the token can be neither accepted nor rejected."""


class SettingsInvalid(Fault, reason="settings"):
    """The bundle's settings cannot be read or are invalid."""


class EventMalformed(Fault, reason="event"):
    """The event is not a request of API Gateway to an authorizer."""


class KeysUnavailable(Fault, reason="keys_unavailable"):
    """The issuer's keys cannot be fetched or refreshed."""


class RevocationsUnavailable(Fault, reason="revocations_unavailable"):
    """The denylist cannot be read."""


class KeySetMalformed(ValueError):
    """A document is not a JWKS with a usable key, or not the issuer's discovery document."""


def with_context(
    error: Exception, issuer: str | None = None, key_id: str | None = None, cached: int = 0
) -> AuthorizerError:
    """Add the attributes for the log to an error, and return it.

    An error of another class becomes a Fault without its message, which may contain parts of the token.
    """
    if not isinstance(error, AuthorizerError):
        reason = f"internal:{type(error).__name__}"
        error = Fault("an internal error occurred")
        error.reason = reason
    error.issuer, error.key_id, error.cached = issuer, key_id, cached
    return error
