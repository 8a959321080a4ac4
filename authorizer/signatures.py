"""Verification of signatures with public keys (RFC 7518 §3, RFC 8037 §3), using only `cryptography`.

Importing a JWT library would take longer than everything else that a cold start of the authorizer does. The modules
for a type of key are imported when the first key of that type is created.
"""

from binascii import a2b_base64
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurveSignatureAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
"""Larger moduli make verification slow without adding security."""

MIN_EXPONENT = 65_537
MAX_EXPONENT = 2**32 - 1
"""FIPS 186-5 §A.1.1 requires more than 2^16; a large exponent only makes verification slow."""

ROCA_GENERATOR = 65_537
ROCA_MODULUS = 962947420735983927056946215901134429196419130606213075415963491270 // 2
"""The product of the odd primes up to 167."""

ROCA_ORDER = 2454106387091158800
"""The order of ROCA_GENERATOR modulo ROCA_MODULUS."""

ROCA_FACTORS = (16, 81, 25, 7, 11, 13, 17, 23, 29, 37, 41, 53, 83)
"""The prime powers whose product is ROCA_ORDER."""

ED25519_PRIME = 2**255 - 19
ED25519_SIGN = 1 << 255
"""The bit of an encoded point that contains the sign of x (RFC 8032 §5.1.2)."""

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
"""Hash functions by the end of the algorithm's name (RFC 7518 §3.1)."""

COORDINATES = {"P-256": 32, "P-384": 48, "P-521": 66}
"""Bytes of a coordinate and of each half of a signature, by curve (RFC 7518 §6.2.1.2, §3.4)."""

Verifier = Callable[[bytes, bytes], bool]
"""Returns whether the second argument is the key's signature of the first."""

_FROM_URL = bytes.maketrans(b"-_", b"+/")


class PublicKeyRejected(ValueError):
    """The members of a JWK are not a public key, or the key is too weak."""


def preload(algorithms: Iterable[str]) -> None:
    """Import the modules that keys for these algorithms need."""
    for prefix in {algorithm[:2] for algorithm in algorithms}:
        for name in _MODULES[prefix]:
            import_module(f"cryptography.hazmat.primitives.asymmetric.{name}")


def create_verifier(jwk: Mapping[str, Any], algorithm: str) -> Verifier:
    """Return a verifier for this algorithm with the public key in a JWK, which must have the right type and curve.

    The members of the key must be base64url (RFC 7518 §6). Raises PublicKeyRejected.
    """
    try:
        return _FACTORIES[algorithm[:2]](jwk, algorithm)
    except PublicKeyRejected:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PublicKeyRejected from error


def _rsa(jwk: Mapping[str, Any], algorithm: str) -> Verifier:
    """RSASSA-PKCS1-v1_5, and RSASSA-PSS with a salt as long as the digest (RFC 7518 §3.3, §3.5)."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    digest = HASHES[algorithm[2:]]()
    scheme: AsymmetricPadding = padding.PKCS1v15()
    if algorithm[0] == "P":
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
    modulus, exponent = _decode_integer(jwk["n"]), _decode_integer(jwk["e"])
    if not _is_acceptable(modulus, exponent):
        raise PublicKeyRejected
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return _returning_bool(key.verify, scheme, digest)


def _is_acceptable(modulus: int, exponent: int) -> bool:
    return (
        MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS
        and MIN_EXPONENT <= exponent <= MAX_EXPONENT
        and exponent % 2 == 1
        and modulus % 2 == 1
        and not _has_roca_fingerprint(modulus)
    )


def _has_roca_fingerprint(modulus: int) -> bool:
    """Return whether Infineon's library generated the modulus, which can then be factored (ROCA, CVE-2017-15361).

    Its primes are k * M + (65537^a mod M), so the modulus is a power of 65,537 modulo every divisor of M. This is
    tested for each prime power of the group's order separately (Pohlig-Hellman). Other moduli match with a probability
    of 2^-154. Nemec et al., "The Return of Coppersmith's Attack", CCS 2017.
    """
    return all(_is_power(modulus, factor) for factor in ROCA_FACTORS)


def _is_power(modulus: int, factor: int) -> bool:
    cofactor = ROCA_ORDER // factor
    root = pow(ROCA_GENERATOR, cofactor, ROCA_MODULUS)
    return pow(modulus, cofactor, ROCA_MODULUS) in {pow(root, power, ROCA_MODULUS) for power in range(factor)}


def _ecdsa(jwk: Mapping[str, Any], algorithm: str) -> Verifier:
    """ECDSA; a signature is R and S, each as long as a coordinate (RFC 7518 §3.4)."""
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    length = COORDINATES[jwk["crv"]]
    size = 2 * length
    x, y = _decode(jwk["x"]), _decode(jwk["y"])
    if not len(x) == len(y) == length:
        raise PublicKeyRejected
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curves[jwk["crv"]]())
    verify, scheme = numbers.public_key().verify, _ecdsa_verification(HASHES[algorithm[2:]]())
    encode, number = utils.encode_dss_signature, int.from_bytes

    def check(signature: bytes, signing_input: bytes) -> None:
        if len(signature) != size:
            raise InvalidSignature
        verify(encode(number(signature[:length]), number(signature[length:])), signing_input, scheme)

    return _returning_bool(check)


def _ecdsa_verification(digest: hashes.HashAlgorithm) -> "EllipticCurveSignatureAlgorithm":
    """Return ECDSA for verification only: the constructor of `ec.ECDSA` imports modules that take 20 ms."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    class Verifying(ec.ECDSA):
        def __init__(self) -> None: ...

        @property
        def algorithm(self) -> hashes.HashAlgorithm:
            return digest

    return Verifying()


def _eddsa(jwk: Mapping[str, Any], _algorithm: str) -> Verifier:
    """EdDSA with Ed25519 (RFC 8037 §3.1)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    encoded = _decode(jwk["x"])
    key = Ed25519PublicKey.from_public_bytes(encoded)
    y = int.from_bytes(encoded, "little") % ED25519_SIGN
    # `cryptography` decodes the point only on verification, and does not check that y is canonical (RFC 8032 §5.1.3).
    if y >= ED25519_PRIME or _has_small_order(y):
        raise PublicKeyRejected
    return _returning_bool(key.verify)


def _has_small_order(y: int) -> bool:
    """Return whether an Ed25519 point with this y has an order of 1, 2, 4 or 8, so that anybody can forge signatures.

    These are the points with y = ±1 (orders 1 and 2), those with y = 0 (4), and those whose double has y = 0 (8), so
    that x² = -y². On the curve -x² + y² = 1 + dx²y² with d = -121665/121666 (RFC 8032 §5.1), the last are the roots of
    dy⁴ + 2y² - 1.
    """
    squared = y * y
    last = -121_665 * squared * squared + 121_666 * (2 * squared - 1)
    return y * (squared - 1) * last % ED25519_PRIME == 0


_FACTORIES: Mapping[str, Callable[[Mapping[str, Any], str], Verifier]] = {
    "RS": _rsa,
    "PS": _rsa,
    "ES": _ecdsa,
    "Ed": _eddsa,
}

_MODULES = {"RS": ("padding", "rsa"), "PS": ("padding", "rsa"), "ES": ("ec", "utils"), "Ed": ("ed25519",)}
"""The modules of `cryptography` that each type of key imports."""


def _returning_bool(check: Callable[..., None], *scheme: object) -> Verifier:
    """Return a verifier for a function that raises InvalidSignature."""

    def verify(signing_input: bytes, signature: bytes) -> bool:
        try:
            check(signature, signing_input, *scheme)
        except InvalidSignature:
            return False
        return True

    return verify


def _decode_integer(text: str) -> int:
    return int.from_bytes(_decode(text))


def _decode(text: str) -> bytes:
    raw = text.encode("ascii")
    return a2b_base64(raw.translate(_FROM_URL) + b"=" * (-len(raw) % 4))
