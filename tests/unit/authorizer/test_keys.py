"""The usable keys of key sets; tests/security has the attacks with unusable ones."""

import json
from typing import Any

import pytest

from authorizer import keys, strict_json
from authorizer.http import fetch
from authorizer.keys import KeySet, KeySetMalformed
from tests.unit.authorizer.provider import ALGORITHMS, base64url, jwk, jwks, private_key


def parse(*members: Any) -> KeySet:
    return keys.parse(jwks(*members), ALGORITHMS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_is_found_by_its_id_and_algorithm_only(algorithm: str) -> None:
    found = parse(jwk(algorithm), jwk("ES256" if algorithm != "ES256" else "EdDSA"))
    key = found.find(algorithm, algorithm)
    assert key is not None
    assert key.algorithm == algorithm
    for other in ALGORITHMS:
        if other != algorithm:
            assert found.find(algorithm, other) is None


def test_a_key_without_alg_is_used_for_all_algorithms_of_its_type() -> None:
    found = parse(jwk("RS256", alg=..., use=...), jwk("ES256", alg=..., kid="ec"))
    assert [name for name in ALGORITHMS if found.find("RS256", name)] == [
        name for name in ALGORITHMS if "S" in name[1] and name[0] in "RP"
    ]
    assert [name for name in ALGORITHMS if found.find("ec", name)] == ["ES256"]


def test_a_key_is_not_used_for_an_algorithm_that_the_issuer_does_not_allow() -> None:
    with pytest.raises(KeySetMalformed, match="no usable key"):
        keys.parse(jwks(jwk("PS256")), ("RS256", "ES256"))


@pytest.mark.parametrize(
    "unusable",
    [
        None, 1, "key", [], {}, {"kty": "RSA"}, {"kty": "oct", "k": "c2VjcmV0", "kid": "x"}, {"kty": 5},
        {"kty": "RSA", "n": "!!", "e": "AQAB"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}, {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "crv": "Ed448", "x": "AA"}, {"kty": "RSA", "n": None, "e": None}, {"kty": ["RSA"]},
    ],
)  # fmt: skip
def test_unusable_keys_of_a_set_are_ignored(unusable: object) -> None:
    found = parse(unusable, jwk("ES256"))
    assert found.find("ES256", "ES256")
    assert len(found.by_id) == 1


def test_a_key_without_use_and_operations_is_used() -> None:
    assert parse(jwk("ES256", use=..., key_ops=...)).find("ES256", "ES256")
    assert parse(jwk("ES256", key_ops=["verify", "sign"])).find("ES256", "ES256")


def test_an_encryption_key_with_the_same_id_is_ignored() -> None:
    found = parse(jwk("RS256", private_key("RS256", 1), use="enc"), jwk("RS256"))
    assert found.find("RS256", "RS256")


@pytest.mark.parametrize("members", [{"n": "AAAA"}, {"e": "Ag"}, {"e": "AQAAAAE"}, {"e": "AA"}, {"n": ""}])
def test_an_rsa_key_with_invalid_numbers_is_ignored(members: dict[str, str]) -> None:
    found = parse(jwk("RS256", **members), jwk("ES256"))
    assert found.find("RS256", "RS256") is None


@pytest.mark.parametrize(("size", "used"), [(255, False), (256, True), (1024, True), (1025, False)])
def test_an_rsa_key_has_from_2048_to_8192_bits(size: int, used: bool) -> None:
    found = parse(jwk("RS256", n=base64url(b"\xff" * size)), jwk("ES256"))
    assert bool(found.find("RS256", "RS256")) is used


@pytest.mark.parametrize(("exponent", "used"), [(65_535, False), (65_537, True), (2**32 - 1, True), (2**32 + 1, False)])
def test_an_rsa_key_with_an_unusual_exponent_is_ignored(exponent: int, used: bool) -> None:
    found = parse(jwk("RS256", e=base64url(exponent.to_bytes(5))), jwk("ES256"))
    assert bool(found.find("RS256", "RS256")) is used


class TestTokensWithoutKeyId:
    def test_are_accepted_if_there_is_one_key_for_the_algorithm(self) -> None:
        found = parse(jwk("RS256"), jwk("ES256"))
        assert found.find(None, "RS256") is found.find("RS256", "RS256")
        assert found.find(None, "PS256") is None

    def test_are_rejected_if_there_are_several_keys(self) -> None:
        found = parse(jwk("RS256", kid="a"), jwk("RS256", private_key("RS256", 1), kid="b"))
        assert found.find(None, "RS256") is None

    def test_are_verified_with_a_key_without_id(self) -> None:
        found = parse(jwk("ES256", kid=...))
        assert found.find(None, "ES256")
        assert found.find("ES256", "ES256") is None


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{}", b"null", b'{"keys":{}}', b'{"keys":null}', b'{"keys":[]}', b'{"keys":[1]}', b"\xff", b"<html>",
     b'{"keys":' + b"[" * 5000 + b"]" * 5000 + b"}"],
)  # fmt: skip
def test_a_document_without_a_usable_key_is_rejected(raw: bytes) -> None:
    with pytest.raises(KeySetMalformed, match=r"^(not a JWKS document|no usable key)$"):
        keys.parse(raw, ALGORITHMS)


def test_a_set_of_too_many_keys_is_rejected() -> None:
    members = [jwk("ES256", kid=str(number)) for number in range(keys.MAX_KEYS + 1)]
    with pytest.raises(KeySetMalformed, match="more than 100 keys"):
        parse(*members)
    assert len(parse(*members[1:]).by_id) == keys.MAX_KEYS


@pytest.mark.parametrize("key_id", ["a/b+c=é ", "x" * 255])
def test_key_ids_may_contain_any_printable_characters(key_id: str) -> None:
    assert parse(jwk("ES256", kid=key_id)).find(key_id, "ES256")


@pytest.mark.parametrize("key_id", ["x" * 256, "a\nb", "a\0", "\x1b[2J", "\u202ea", "a\u200b", "\x7f"])
def test_a_key_whose_id_cannot_be_logged_is_ignored(key_id: str) -> None:
    found = parse(jwk("ES256", kid=key_id), jwk("ES384"))
    assert list(found.by_id) == [("ES384", "ES384")]
    assert found.find(None, "ES256") is None


class TestSharedKeyIds:
    def test_keys_of_different_types_may_share_an_id(self) -> None:
        """RFC 7517 §4.5."""
        found = parse(jwk("RS256", kid="2024"), jwk("ES256", kid="2024"), jwk("EdDSA", kid="2024"))
        for algorithm in ("RS256", "ES256", "EdDSA"):
            key = found.find("2024", algorithm)
            assert key is not None
            assert key is found.find(None, algorithm)

    def test_keys_of_the_same_type_with_a_shared_id_are_ignored(self) -> None:
        rsa = [jwk("RS256", kid="2024"), jwk("PS256", private_key("RS256", 1), kid="2024")]
        ec = [jwk("ES256", kid="2024"), jwk("ES384", kid="2024")]
        found = parse(*rsa, *ec, jwk("EdDSA", kid="2024"))
        assert list(found.by_id) == [("2024", "EdDSA")]


class TestDocuments:
    def test_duplicate_members_are_rejected(self) -> None:
        key = json.dumps(jwk("ES256"))
        twice = key[:-1] + ', "use": "enc"}'
        spaced = twice.replace(":", " : ").replace(",", " ,\n")
        for raw in (
            f'{{"keys": [], "keys": [{key}]}}',
            f'{{"keys": [{key}], "x": {{"y": 1, "y": 1}}}}',
            f'{{"keys": [{twice}]}}',
            f'{{"keys": [{spaced}]}}',
            f'{{"keys": [{twice}]}}'.ljust(10_000),
        ):
            with pytest.raises(KeySetMalformed, match=r"^duplicate member in the JWKS document$"):
                keys.parse(raw.encode(), ALGORITHMS)

    def test_a_hundred_pretty_printed_keys_with_certificates_are_read(self) -> None:
        chain = ["MIID" + "x" * 1200, "MIIE" + "y" * 800]
        members = [jwk("ES256", kid=str(number), x5c=chain, x5t="z" * 27) for number in range(keys.MAX_KEYS)]
        raw = json.dumps({"keys": members}, indent=4).encode()
        assert 200_000 < len(raw) <= fetch.MAX_BYTES
        assert len(keys.parse(raw, ALGORITHMS).by_id) == keys.MAX_KEYS

    def test_deep_nesting_is_rejected(self) -> None:
        """The document, its list and a key are three levels."""

        def nested(levels: int) -> Any:
            return [nested(levels - 1)] if levels else 1

        assert parse(jwk("ES256", more=nested(strict_json.MAX_DEPTH - 4))).find("ES256", "ES256")
        with pytest.raises(KeySetMalformed, match=r"^not a JWKS document$"):
            parse(jwk("ES256", more=nested(strict_json.MAX_DEPTH - 2)))

    def test_discovery_documents_are_parsed_as_strictly(self) -> None:
        document = b'{"issuer": "https://idp.example.com", "jwks_uri": "https://idp.example.com/keys"}'
        assert strict_json.parse_document(document, "discovery")["issuer"] == "https://idp.example.com"
        with pytest.raises(KeySetMalformed, match=r"^duplicate member in the discovery document$"):
            strict_json.parse_document(document[:-1] + b', "jwks_uri": "https://evil.example.com"}', "discovery")
        for raw in (b"[]", b"\xff", b"", document + document):
            with pytest.raises(KeySetMalformed, match=r"^not a discovery document$"):
                strict_json.parse_document(raw, "discovery")
