"""Keys and signatures are accepted and rejected as in PyJWT."""

import hashlib
from itertools import combinations
from math import prod
from random import Random
from typing import Any

import jwt
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from hypothesis import assume, given
from hypothesis import strategies as st

from authorizer import signatures
from authorizer.signatures import COORDINATES, PublicKeyRejected, create_verifier
from tests.unit.authorizer.provider import ALGORITHMS, base64url, jwk, private_key, signer

MESSAGE = b"header.payload"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SIGNATURES = {name: signer(name).sign(MESSAGE, private_key(name)) for name in ALGORITHMS}
MADE = {name: create_verifier(jwk(name), name) for name in ALGORITHMS}
PYJWT = {name: jwt.PyJWK(jwk(name), name) for name in ALGORITHMS}
EC = [name for name in ALGORITHMS if name.startswith("ES")]
RSA = [name for name in ALGORITHMS if name[1] == "S" and name[0] in "RP"]


def pyjwt_accepts(algorithm: str, message: bytes, signature: bytes) -> bool:
    made = PYJWT[algorithm]
    return made.Algorithm.verify(message, made.key, signature)


def is_valid(algorithm: str, signature: bytes, message: bytes = MESSAGE) -> bool:
    """Return whether a signature is valid, on which PyJWT must agree."""
    valid = MADE[algorithm](message, signature)
    assert valid is pyjwt_accepts(algorithm, message, signature)
    return valid


def pyjwt_accepts_key(members: dict[str, Any], algorithm: str) -> bool:
    try:
        jwt.PyJWK(members, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def is_accepted(members: dict[str, Any], algorithm: str) -> bool:
    """Return whether a JWK is accepted, on which PyJWT must agree."""
    try:
        create_verifier(members, algorithm)
    except PublicKeyRejected:
        valid = False
    else:
        valid = True
    assert valid is pyjwt_accepts_key(members, algorithm)
    return valid


def flip_bit(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
class TestEveryAlgorithm:
    def test_a_signature_is_valid_only_for_its_input(self, algorithm: str) -> None:
        assert is_valid(algorithm, SIGNATURES[algorithm])
        assert not is_valid(algorithm, SIGNATURES[algorithm], MESSAGE + b" ")
        assert not is_valid(algorithm, SIGNATURES[algorithm], b"")

    @pytest.mark.parametrize("other", ALGORITHMS)
    def test_a_signature_of_another_algorithm_is_invalid(self, algorithm: str, other: str) -> None:
        assert is_valid(algorithm, SIGNATURES[other]) is (algorithm == other)

    @given(data=st.data())
    def test_every_bit_is_significant(self, algorithm: str, data: st.DataObject) -> None:
        signature = SIGNATURES[algorithm]
        assert not is_valid(algorithm, flip_bit(signature, data.draw(st.integers(0, 8 * len(signature) - 1))))

    @pytest.mark.parametrize("length", [0, 1, 31, 32, 63, 64, 65, 95, 96, 97, 131, 132, 133, 255, 256, 257, 512])
    def test_a_signature_of_another_length_is_invalid(self, algorithm: str, length: int) -> None:
        signature = SIGNATURES[algorithm]
        cut = signature[:length].ljust(length, b"\0")
        assert is_valid(algorithm, cut) is (length == len(signature))
        assert not is_valid(algorithm, b"\0" * length)
        assert not is_valid(algorithm, b"\xff" * length)
        assert not is_valid(algorithm, b"\0" + signature)
        assert not is_valid(algorithm, signature + b"\0")

    @pytest.mark.parametrize(
        "text", ["", "A", "AA", "AAAA", "AQAB", base64url(b"\1" * 32), base64url(b"\xff" * 9), "é"]
    )
    def test_a_key_member_of_another_length_is_rejected(self, algorithm: str, text: str) -> None:
        members = jwk(algorithm)
        for part in {"n", "x", "y"} & set(members):
            if len(text) == len(members[part]):
                continue
            with pytest.raises(PublicKeyRejected):
                create_verifier({**members, part: text}, algorithm)

    def test_trailing_bits_of_a_key_member_are_ignored_as_in_pyjwt(self, algorithm: str) -> None:
        members = jwk(algorithm)
        part = "n" if "n" in members else "x"
        # Only odd RSA moduli are accepted.
        texts = [members[part][:-1] + last for number, last in enumerate(ALPHABET) if part == "x" or number & 16]
        assert True in [is_accepted({**members, part: text}, algorithm) for text in texts]


class TestRsa:
    @pytest.mark.parametrize("salt", [0, 1, 20, 32, 48, 64, padding.PSS.MAX_LENGTH])
    def test_the_salt_must_be_as_long_as_the_digest(self, salt: int) -> None:
        """RFC 7518 §3.5."""
        for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
            name = f"PS{digest.digest_size * 8}"
            signature = private_key(name).sign(MESSAGE, padding.PSS(padding.MGF1(digest), salt), digest)
            assert is_valid(name, signature) is (salt == digest.digest_size)

    @pytest.mark.parametrize("algorithm", [name for name in RSA if name[0] == "P"])
    def test_the_mask_must_use_the_same_digest(self, algorithm: str) -> None:
        """RFC 7518 §3.5."""
        digest = signatures.HASHES[algorithm[2:]]()
        scheme = padding.PSS(padding.MGF1(hashes.SHA1()), digest.digest_size)  # noqa: S303  must be rejected
        assert not is_valid(algorithm, private_key(algorithm).sign(MESSAGE, scheme, digest))

    @pytest.mark.parametrize("algorithm", RSA)
    def test_a_signature_greater_than_the_modulus_is_invalid(self, algorithm: str) -> None:
        """RFC 8017 §5.2.2: the signature's representative is less than the modulus."""
        modulus = private_key(algorithm).public_key().public_numbers().n
        beyond = int.from_bytes(SIGNATURES[algorithm]) + modulus
        for length in (256, 257):
            if beyond.bit_length() <= 8 * length:
                assert not is_valid(algorithm, beyond.to_bytes(length))

    def test_a_signature_without_the_digests_name_is_invalid(self) -> None:
        digest = hashlib.sha256(MESSAGE).digest()
        unnamed = b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest
        numbers = private_key("RS256").private_numbers()
        forged = pow(int.from_bytes(unnamed), numbers.d, numbers.public_numbers.n)
        assert not is_valid("RS256", forged.to_bytes(256))


@pytest.mark.parametrize("algorithm", EC)
class TestEllipticCurves:
    def length(self, algorithm: str) -> int:
        return COORDINATES[jwk(algorithm)["crv"]]

    def halves(self, algorithm: str) -> tuple[int, int]:
        signature = SIGNATURES[algorithm]
        middle = len(signature) // 2
        return int.from_bytes(signature[:middle]), int.from_bytes(signature[middle:])

    def test_the_second_signature_of_the_same_input_is_valid_too(self, algorithm: str) -> None:
        """For each ECDSA signature there is a second one; RFC 7518 §3.4 accepts is_valid."""
        length, (r, s) = self.length(algorithm), self.halves(algorithm)
        order = ORDERS[algorithm]
        assert is_valid(algorithm, r.to_bytes(length) + (order - s).to_bytes(length))

    def test_numbers_out_of_range_are_invalid(self, algorithm: str) -> None:
        length, (r, s) = self.length(algorithm), self.halves(algorithm)
        order = ORDERS[algorithm]
        for pair in ((0, s), (r, 0), (0, 0), (order, s), (r, order), (1, 1), (r, r), (s, r), (order - 1, order - 1)):
            assert not is_valid(algorithm, b"".join(number.to_bytes(length) for number in pair))
        if (r + order).bit_length() <= 8 * length:
            assert not is_valid(algorithm, (r + order).to_bytes(length) + s.to_bytes(length))

    def test_a_der_encoded_signature_is_invalid(self, algorithm: str) -> None:
        assert not is_valid(algorithm, utils.encode_dss_signature(*self.halves(algorithm)))

    @pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
    def test_the_digest_must_be_that_of_the_algorithm(self, algorithm: str, digest: hashes.HashAlgorithm) -> None:
        length = self.length(algorithm)
        r, s = utils.decode_dss_signature(private_key(algorithm).sign(MESSAGE, ec.ECDSA(digest)))
        holds = is_valid(algorithm, r.to_bytes(length) + s.to_bytes(length))
        assert holds is (digest.name == f"sha{algorithm[2:]}")

    def test_a_point_that_is_not_on_the_curve_is_rejected(self, algorithm: str) -> None:
        members, length = jwk(algorithm), self.length(algorithm)
        for x, y in (
            (members["y"], members["x"]),
            (members["x"], members["x"]),
            (members["x"], base64url(b"\0" * length)),
            (base64url(b"\0" * length), base64url(b"\0" * length)),
            (base64url(b"\xff" * length), members["y"]),
        ):
            assert not is_accepted({**members, "x": x, "y": y}, algorithm)

    def test_coordinates_of_another_length_are_rejected(self, algorithm: str) -> None:
        """RFC 7518 §6.2.1.2."""
        members = jwk(algorithm)
        numbers = private_key(algorithm).public_key().public_numbers()
        longer = {name: base64url(getattr(numbers, name).to_bytes(self.length(algorithm) + 1)) for name in ("x", "y")}
        assert not is_accepted({**members, **longer}, algorithm)

    @pytest.mark.parametrize("other", EC)
    def test_a_point_of_another_curve_is_rejected(self, algorithm: str, other: str) -> None:
        members = {**jwk(algorithm), "crv": jwk(other)["crv"]}
        assert is_accepted(members, other) is (algorithm == other)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 57, 64])
def test_an_ed25519_key_must_have_32_bytes(length: int) -> None:
    members = {**jwk("EdDSA"), "x": base64url(b"\1" * length)}
    assert is_accepted(members, "EdDSA") is (length == 32)


@given(st.sampled_from([*EC, "EdDSA"]), st.sampled_from(["x", "y"]), st.binary(max_size=70))
def test_both_accept_or_reject_any_bytes_as_a_key(algorithm: str, part: str, raw: bytes) -> None:
    assume(algorithm != "EdDSA" or not is_weak(raw))
    is_accepted({**jwk(algorithm), part: base64url(raw)}, algorithm)


FIELD = 2**255 - 19
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER = [0, 1, ORDER_8, FIELD - ORDER_8, FIELD - 1, FIELD, FIELD + 1]
"""Every y of a point of order 1, 2, 4 or 8, as libsodium's ge25519_has_small_order lists them."""


def is_weak(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") % 2**255
    return y in SMALL_ORDER or y >= FIELD


class TestEd25519Keys:
    @staticmethod
    def members(y: int, sign: int = 0) -> dict[str, Any]:
        return {**jwk("EdDSA"), "x": base64url((y + (sign << 255)).to_bytes(32, "little"))}

    def test_anybody_can_forge_signatures_for_a_key_of_small_order(self) -> None:
        key = jwt.PyJWK(self.members(1), "EdDSA")
        forged = (1).to_bytes(32, "little") + bytes(32)
        assert key.Algorithm.verify(b"whatever", key.key, forged)

    @pytest.mark.parametrize("sign", [0, 1])
    @pytest.mark.parametrize("y", SMALL_ORDER)
    def test_keys_of_small_order_are_rejected(self, y: int, sign: int) -> None:
        members = self.members(y, sign)
        assert pyjwt_accepts_key(members, "EdDSA")
        with pytest.raises(PublicKeyRejected):
            create_verifier(members, "EdDSA")

    @pytest.mark.parametrize("sign", [0, 1])
    @pytest.mark.parametrize("y", range(2, 19))
    def test_keys_with_a_non_canonical_encoding_are_rejected(self, y: int, sign: int) -> None:
        """RFC 8032 §5.1.3: y is less than 2^255 - 19."""
        members = self.members(FIELD + y, sign)
        assert is_accepted(self.members(y, sign), "EdDSA")
        assert pyjwt_accepts_key(members, "EdDSA")
        with pytest.raises(PublicKeyRejected):
            create_verifier(members, "EdDSA")


def primes(last: int) -> list[int]:
    return [number for number in range(2, last + 1) if all(number % divisor for divisor in range(2, number))]


def roca_prime(random: Random) -> int:
    """A prime of 1024 bits, chosen as Infineon's library does for keys of 2048 bits (CVE-2017-15361)."""
    primorial = prod(primes(701))
    while True:
        factor = random.randrange(3 << 1022, 1 << 1024) // primorial
        prime = factor * primorial + pow(65_537, random.getrandbits(256), primorial)
        if pow(2, prime - 1, prime) == 1:
            return prime


class TestRoca:
    @staticmethod
    def members(modulus: int) -> dict[str, Any]:
        return {**jwk("RS256"), "n": base64url(modulus.to_bytes(256))}

    @pytest.mark.parametrize("seed", range(3))
    def test_a_modulus_with_the_fingerprint_is_rejected(self, seed: int) -> None:
        random = Random(seed)  # noqa: S311  the primes must be the same in every run
        members = self.members(roca_prime(random) * roca_prime(random))
        assert pyjwt_accepts_key(members, "RS256")
        with pytest.raises(PublicKeyRejected):
            create_verifier(members, "RS256")

    def test_a_modulus_with_one_such_prime_is_accepted(self) -> None:
        ordinary = private_key("RS256").private_numbers().p
        assert is_accepted(self.members(ordinary * roca_prime(Random(0))), "RS256")  # noqa: S311

    def test_ordinary_moduli_do_not_have_the_fingerprint(self) -> None:
        keys = [rsa.generate_private_key(65_537, 2048).private_numbers() for _ in range(4)]
        moduli = [one * other for one, other in combinations([prime for key in keys for prime in (key.p, key.q)], 2)]
        assert len(moduli) > 20
        assert all(is_accepted(self.members(modulus), "RS256") for modulus in moduli)

    def test_the_constants_describe_the_group_of_the_generator(self) -> None:
        modulus, order = signatures.ROCA_MODULUS, signatures.ROCA_ORDER
        assert modulus == prod(primes(167)[1:])
        assert order == prod(signatures.ROCA_FACTORS)
        assert pow(signatures.ROCA_GENERATOR, order, modulus) == 1
        for prime in primes(83):
            if order % prime == 0:
                assert pow(signatures.ROCA_GENERATOR, order // prime, modulus) != 1


ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "ES512": int(
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA"
        "51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        16,
    ),
}
"""The order of each curve's group (FIPS 186-5, SP 800-186 §3.2.1)."""
