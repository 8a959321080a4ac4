"""Why the authorizer refuses or fails: one class per check.

    AuthorizerError
    ├── NotAuthentic                 the gateway answers 401
    │   ├── CredentialsInvalid       what came is no bearer token
    │   │   ├── CredentialsMissing
    │   │   ├── SchemeInvalid
    │   │   └── TokenTooLong
    │   ├── TokenMalformed           RFC 7515 §3, §5.2
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
    └── Fault                        ours: the gateway answers 503
        ├── SettingsInvalid
        ├── EventMalformed
        ├── KeysUnavailable
        └── RevocationsUnavailable

A refusal says by its class what was wrong, and names the claim where its class alone does not tell which. No message
carries anything of a token.
"""


class AuthorizerError(Exception):
    """What every failure of a decision is; `reason` names the check in the log."""

    reason = "error"


class NotAuthentic(AuthorizerError):
    """Who called is not known: the token does not prove it. `claim` names the claim at fault."""

    reason = "not_authentic"

    def __init__(self, claim: str | None = None) -> None:
        super().__init__()
        self.claim = claim


class CredentialsInvalid(NotAuthentic):
    """The request has no bearer token (RFC 6750 §2.1)."""

    reason = "credentials"


class CredentialsMissing(CredentialsInvalid):
    """There is no credential at all."""

    reason = "credentials_missing"


class SchemeInvalid(CredentialsInvalid):
    """The credential is not `Bearer`, one space and a token."""

    reason = "scheme"


class TokenTooLong(CredentialsInvalid):
    """The token is longer than any that is accepted."""

    reason = "token_length"


class TokenMalformed(NotAuthentic):
    """The token is not a JWS in compact form (RFC 7515 §7.1)."""

    reason = "token"


class SegmentsInvalid(TokenMalformed):
    """The token has not exactly three segments, each with something in it."""

    reason = "segments"


class EncodingNotCanonical(TokenMalformed):
    """A segment is not the one base64url text of its bytes: padding, other characters or loose trailing bits."""

    reason = "encoding"


class JsonMalformed(TokenMalformed):
    """The header or the payload is not one JSON object in UTF-8 (RFC 8259)."""

    reason = "json"


class DuplicateMember(TokenMalformed):
    """An object has two members of one name, which different readers read differently (RFC 7519 §4)."""

    reason = "json_duplicate"


class HeaderInvalid(NotAuthentic):
    """The header says something that is not accepted (RFC 7515 §4.1)."""

    reason = "header"


class KeyInHeader(HeaderInvalid):
    """The header brings its own key or compression: `jku`, `jwk`, `x5u`, `x5c`, `zip`."""

    reason = "header_key"


class CriticalHeader(HeaderInvalid):
    """The header demands an extension (`crit`, `b64`), and none is understood (RFC 7515 §4.1.11, RFC 7797)."""

    reason = "header_crit"


class AlgorithmNotAllowed(HeaderInvalid):
    """The algorithm is not one of the issuer's."""

    reason = "algorithm"


class TypeInvalid(HeaderInvalid):
    """The `typ` is not an access token's (RFC 9068 §2.1)."""

    reason = "typ"


class KeyUnknown(NotAuthentic):
    """The issuer has no key of this id for this algorithm."""

    reason = "key_unknown"


class SignatureInvalid(NotAuthentic):
    """The signature is not the key's over this header and payload."""

    reason = "signature"


class ClaimInvalid(NotAuthentic):
    """A claim is missing, of the wrong type or not accepted."""

    reason = "claim"


class ClaimMalformed(ClaimInvalid):
    """A claim has the wrong type."""

    reason = "claim_type"


class ClaimMissing(ClaimInvalid):
    """A claim that the profile requires is not there."""

    reason = "claim_missing"


class IssuerUnknown(ClaimInvalid):
    """No issuer of the settings has this `iss`."""

    reason = "issuer"


class AudienceInvalid(ClaimInvalid):
    """The token is for somebody else."""

    reason = "audience"


class TokenExpired(ClaimInvalid):
    """`exp` and the leeway have passed."""

    reason = "expired"


class TokenNotYetValid(ClaimInvalid):
    """`nbf` is still to come."""

    reason = "not_yet_valid"


class IssuedInFuture(ClaimInvalid):
    """`iat` is still to come."""

    reason = "issued_in_future"


class LifetimeTooLong(ClaimInvalid):
    """The token lives longer than the issuer's settings allow."""

    reason = "lifetime"


class SubjectInvalid(ClaimInvalid):
    """The subject is empty, too long, or has characters that do not print."""

    reason = "subject"


class ClientNotAllowed(ClaimInvalid):
    """The client is not one of those that the issuer's settings name, or is no plain text."""

    reason = "client"


class TokenUseInvalid(ClaimInvalid):
    """The token is not for access: an ID token or a refresh token."""

    reason = "token_use"


class RequiredClaimInvalid(ClaimInvalid):
    """A claim that the issuer's settings require has another value."""

    reason = "required_claim"


class TokenRevoked(ClaimInvalid):
    """The token, or everything of its subject, was revoked."""

    reason = "revoked"


class Fault(AuthorizerError):
    """Something of ours fails; nothing is said about the caller."""

    reason = "fault"


class SettingsInvalid(Fault):
    """The bundle's settings cannot be read or contradict themselves."""

    reason = "settings"


class EventMalformed(Fault):
    """The event is not one of API Gateway's, or its ARN is not a method's."""

    reason = "event"


class KeysUnavailable(Fault):
    """The issuer's keys cannot be had, or not be had anew."""

    reason = "keys_unavailable"


class RevocationsUnavailable(Fault):
    """The list of revoked tokens cannot be read."""

    reason = "revocations_unavailable"


class KeySetMalformed(ValueError):
    """A document is not a JWKS, has no usable key, or is not the issuer's discovery document."""
