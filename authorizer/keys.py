"""A JWKS document (RFC 7517) made into keys that can verify, each bound to one algorithm."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from jwt.algorithms import Algorithm as Verifier

MAX_KEYS = 100
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
"""Larger moduli cost more time than they add safety."""

MIN_EXPONENT = 65_537
MAX_EXPONENT = 2**32 - 1
"""FIPS 186-5 §A.1.1 asks for more than 2^16; a large one only makes verification slow."""

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
PUBLIC_PARTS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


class Key(msgspec.Struct, frozen=True):
    """A public key that verifies signatures of one algorithm and of no other."""

    key_id: str | None
    algorithm: str
    verifier: Verifier
    public_key: Any

    def verify(self, signing_input: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the input."""
        return self.verifier.verify(signing_input, self.public_key, signature)


class KeySet(msgspec.Struct, frozen=True):
    """An issuer's keys, by key id and algorithm."""

    by_id: Mapping[tuple[str | None, str], Key]
    fitting: Mapping[str, Key | None]
    """The only key for an algorithm, or None where there are several: for tokens without a key id."""

    def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key for a token's header, None where there is none."""
        if key_id is None:
            return self.fitting.get(algorithm)
        return self.by_id.get((key_id, algorithm))


class KeySetMalformed(ValueError):
    """A document is not a JWKS, or none of its keys can be used."""


class _Document(msgspec.Struct):
    keys: list[Any]


_document = msgspec.json.Decoder(_Document)


def parse(raw: bytes, algorithms: Iterable[str]) -> KeySet:
    """The usable keys of a JWKS document for these algorithms.

    Keys that are not for signatures, too weak, private, of another kind or malformed are left out, and so are all keys
    of an id that several have. Raises KeySetMalformed where nothing is left.
    """
    try:
        members = _document.decode(raw).keys
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise KeySetMalformed("not a JWKS document") from None
    if len(members) > MAX_KEYS:
        raise KeySetMalformed(f"more than {MAX_KEYS} keys")
    usable = [keys for member in members if (keys := keys_of(member, algorithms))]
    uses = Counter(keys[0].key_id for keys in usable)
    found = [key for keys in usable for key in keys if uses[key.key_id] == 1 or key.key_id is None]
    if not found:
        raise KeySetMalformed("no key of the set can be used")
    counts = Counter(key.algorithm for key in found)
    return KeySet(
        {(key.key_id, key.algorithm): key for key in found if key.key_id is not None},
        {key.algorithm: key if counts[key.algorithm] == 1 else None for key in found},
    )


def keys_of(member: object, algorithms: Iterable[str]) -> list[Key]:
    """The keys that one member of a set makes: one per algorithm it fits, none where it must not be used.

    A member that names its algorithm (`alg`) fits that one only.
    """
    if not isinstance(member, dict):
        return []
    jwk = cast("dict[str, Any]", member)
    key_id = jwk.get("kid")
    if not _for_signatures(jwk) or not (key_id is None or isinstance(key_id, str)):
        return []
    fitting = [name for name in algorithms if _fits(jwk, name)]
    return [key for name in fitting if (key := _key(jwk, key_id, name))]


def _for_signatures(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and PRIVATE_PARTS.isdisjoint(jwk)
    )


def _fits(jwk: dict[str, Any], algorithm: str) -> bool:
    return (
        jwk.get("kty") == KEY_TYPES[algorithm[:2]]
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("crv") == CURVES.get(algorithm)
    )


def _key(jwk: dict[str, Any], key_id: str | None, algorithm: str) -> Key | None:
    parts = [jwk.get(part) for part in PUBLIC_PARTS[jwk["kty"]]]
    if not all(isinstance(part, str) and _BASE64URL.fullmatch(part) for part in parts):
        return None
    try:
        made = jwt.PyJWK(jwk, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if jwk["kty"] == "RSA" and not _sound_rsa(made.key):
        return None
    return Key(key_id, algorithm, made.Algorithm, made.key)


def _sound_rsa(key: Any) -> bool:
    numbers = key.public_numbers()
    return (
        MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS
        and MIN_EXPONENT <= numbers.e <= MAX_EXPONENT
        and numbers.e % 2 == 1
        and numbers.n % 2 == 1
    )
