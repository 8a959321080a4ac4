"""Parse a JWKS document (RFC 7517) into keys that verify signatures, each bound to one algorithm."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from authorizer import strict_json
from authorizer.errors import KeySetMalformed
from authorizer.signatures import PublicKeyRejected, Verifier, create_verifier

MAX_KEYS = 100
MAX_KEY_ID = 255
"""Characters of a `kid`, which is logged."""

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


class Key(msgspec.Struct, frozen=True):
    """A public key that verifies signatures of one algorithm only."""

    key_id: str | None
    algorithm: str
    verify: Verifier


class KeySet(msgspec.Struct, frozen=True):
    """An issuer's keys, by key id and algorithm."""

    by_id: Mapping[tuple[str | None, str], Key]
    by_algorithm: Mapping[str, Key | None]
    """The only key for an algorithm, or None if there are several: for tokens without a key id."""

    def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """Return the key for a token's header, or None."""
        if key_id is None:
            return self.by_algorithm.get(algorithm)
        return self.by_id.get((key_id, algorithm))


def parse(raw: bytes, algorithms: Iterable[str]) -> KeySet:
    """Parse a JWKS document into its usable keys for these algorithms.

    Keys are ignored if they are not for signatures, weak, private, malformed or of another type, and so are all keys
    that share both their id and their type (RFC 7517 §4.5). Raises KeySetMalformed if no key is left.
    """
    members = strict_json.parse_document(raw, "JWKS").get("keys")
    if not isinstance(members, list):
        raise KeySetMalformed("not a JWKS document")
    members = cast("list[object]", members)
    if len(members) > MAX_KEYS:
        raise KeySetMalformed(f"more than {MAX_KEYS} keys")
    usable = [keys for member in members if (keys := parse_key(member, algorithms))]
    uses = Counter(_identity(keys[0]) for keys in usable)
    unique = [key for keys in usable for key in keys if uses[_identity(key)] == 1 or key.key_id is None]
    if not unique:
        raise KeySetMalformed("no usable key")
    counts = Counter(key.algorithm for key in unique)
    return KeySet(
        {(key.key_id, key.algorithm): key for key in unique if key.key_id is not None},
        {key.algorithm: key if counts[key.algorithm] == 1 else None for key in unique},
    )


def parse_key(member: object, algorithms: Iterable[str]) -> list[Key]:
    """Parse one member of a set into a key for each algorithm that it may be used with, possibly none.

    A member with an algorithm (`alg`) may be used with that one only.
    """
    if not isinstance(member, dict):
        return []
    jwk = cast("dict[str, Any]", member)
    key_id = jwk.get("kid")
    if not _is_for_signatures(jwk) or not (key_id is None or _is_key_id(key_id)):
        return []
    suitable = [name for name in algorithms if _is_for_algorithm(jwk, name)]
    return [key for name in suitable if (key := _create_key(jwk, key_id, name))]


def _identity(key: Key) -> tuple[str | None, str]:
    return key.key_id, KEY_TYPES[key.algorithm[:2]]


def _is_key_id(key_id: object) -> bool:
    return isinstance(key_id, str) and len(key_id) <= MAX_KEY_ID and key_id.isprintable()


def _is_for_signatures(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and PRIVATE_MEMBERS.isdisjoint(jwk)
    )


def _is_for_algorithm(jwk: dict[str, Any], algorithm: str) -> bool:
    return (
        jwk.get("kty") == KEY_TYPES[algorithm[:2]]
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("crv") == CURVES.get(algorithm)
    )


def _create_key(jwk: dict[str, Any], key_id: str | None, algorithm: str) -> Key | None:
    parts = [jwk.get(member) for member in PUBLIC_MEMBERS[jwk["kty"]]]
    if not all(isinstance(part, str) and _BASE64URL.fullmatch(part) for part in parts):
        return None
    try:
        return Key(key_id, algorithm, create_verifier(jwk, algorithm))
    except PublicKeyRejected:
        return None
