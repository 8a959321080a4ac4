"""Public keys and the signatures they verify (RFC 7518 §3, RFC 8037 §3), by `cryptography` alone.

A JWT library would do it too, but importing one costs a cold start more than everything else that the authorizer does.
What a kind of key needs is imported by the first key of that kind.
"""

from binascii import a2b_base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurveSignatureAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
"""Larger moduli cost more time than they add safety."""

MIN_EXPONENT = 65_537
MAX_EXPONENT = 2**32 - 1
"""FIPS 186-5 §A.1.1 asks for more than 2^16; a large one only makes verification slow."""

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
"""By the end of an algorithm's name (RFC 7518 §3.1)."""

COORDINATES = {"P-256": 32, "P-384": 48, "P-521": 66}
"""Bytes of a coordinate, and of each half of a signature, by curve (RFC 7518 §6.2.1.2, §3.4)."""

Verify = Callable[[bytes, bytes], bool]
"""Whether the second is the key's signature over the first."""

_FROM_URL = bytes.maketrans(b"-_", b"+/")


class PublicKeyRefused(ValueError):
    """The members of a JWK are no public key, or one that is too weak."""


def verifier(jwk: Mapping[str, Any], algorithm: str) -> Verify:
    """What verifies signatures of this algorithm by the public key in a JWK of a fitting type and curve.

    The parts of the key are base64url (RFC 7518 §6). Raises PublicKeyRefused.
    """
    try:
        return _KINDS[algorithm[:2]](jwk, algorithm)
    except PublicKeyRefused:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PublicKeyRefused from error


def _rsa(jwk: Mapping[str, Any], algorithm: str) -> Verify:
    """RSASSA-PKCS1-v1_5 and RSASSA-PSS, whose salt is as long as the digest (RFC 7518 §3.3, §3.5)."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    digest = HASHES[algorithm[2:]]()
    scheme: AsymmetricPadding = padding.PKCS1v15()
    if algorithm[0] == "P":
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
    modulus, exponent = _number(jwk["n"]), _number(jwk["e"])
    if not _sound(modulus, exponent):
        raise PublicKeyRefused
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return _holding(lambda signing_input, signature: key.verify(signature, signing_input, scheme, digest))


def _sound(modulus: int, exponent: int) -> bool:
    return (
        MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS
        and MIN_EXPONENT <= exponent <= MAX_EXPONENT
        and exponent % 2 == 1
        and modulus % 2 == 1
    )


def _ecdsa(jwk: Mapping[str, Any], algorithm: str) -> Verify:
    """ECDSA, whose signature is R and S, each as long as a coordinate (RFC 7518 §3.4)."""
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    length = COORDINATES[jwk["crv"]]
    x, y = _decoded(jwk["x"]), _decoded(jwk["y"])
    if not len(x) == len(y) == length:
        raise PublicKeyRefused
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curves[jwk["crv"]]())
    key, scheme = numbers.public_key(), _ecdsa_over(HASHES[algorithm[2:]]())

    def check(signing_input: bytes, signature: bytes) -> None:
        if len(signature) != 2 * length:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:length]), int.from_bytes(signature[length:])
        key.verify(utils.encode_dss_signature(r, s), signing_input, scheme)

    return _holding(check)


def _ecdsa_over(digest: hashes.HashAlgorithm) -> "EllipticCurveSignatureAlgorithm":
    """ECDSA for verifying: `ec.ECDSA` itself asks what can be signed, which costs a cold start 20 ms of imports."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    class Verifying(ec.ECDSA):
        def __init__(self) -> None: ...

        @property
        def algorithm(self) -> hashes.HashAlgorithm:
            return digest

    return Verifying()


def _eddsa(jwk: Mapping[str, Any], _algorithm: str) -> Verify:
    """EdDSA with Ed25519 (RFC 8037 §3.1)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    key = Ed25519PublicKey.from_public_bytes(_decoded(jwk["x"]))
    return _holding(lambda signing_input, signature: key.verify(signature, signing_input))


_KINDS: Mapping[str, Callable[[Mapping[str, Any], str], Verify]] = {
    "RS": _rsa,
    "PS": _rsa,
    "ES": _ecdsa,
    "Ed": _eddsa,
}


def _holding(check: Callable[[bytes, bytes], None]) -> Verify:
    """Whether a check that raises InvalidSignature holds."""

    def verify(signing_input: bytes, signature: bytes) -> bool:
        try:
            check(signing_input, signature)
        except InvalidSignature:
            return False
        return True

    return verify


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text))


def _decoded(text: str) -> bytes:
    raw = text.encode("ascii")
    return a2b_base64(raw.translate(_FROM_URL) + b"=" * (-len(raw) % 4))
