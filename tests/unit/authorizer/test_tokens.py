"""Parsing of accepted tokens; tests/security has the rejected ones."""

import pytest

from authorizer import strict_json
from authorizer import token as tokens
from authorizer.errors import DuplicateMember, JsonMalformed, TokenTooLong
from tests.unit.authorizer.provider import ALGORITHMS, Harness, token


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_case_insensitive(scheme: str) -> None:
    assert tokens.extract(f"{scheme} x") == "x"


def test_a_token_of_the_largest_length_is_accepted() -> None:
    assert tokens.extract("Bearer " + "x" * tokens.MAX_LENGTH) == "x" * tokens.MAX_LENGTH
    with pytest.raises(TokenTooLong):
        tokens.extract("Bearer " + "x" * (tokens.MAX_LENGTH + 1))


def test_a_token_is_parsed() -> None:
    text = token("ES256", sub="alice")
    parsed = tokens.parse(text)
    assert (parsed.header.alg, parsed.header.kid, parsed.header.typ) == ("ES256", "ES256", "at+jwt")
    assert parsed.signing_input.decode() == text.rpartition(".")[0]
    assert parsed.payload["sub"] == "alice"
    assert len(parsed.signature) == 64


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_is_verified(algorithm: str) -> None:
    assert Harness().decide(token(algorithm))["principalId"] == "main|alice"


def test_harmless_header_members_are_ignored() -> None:
    header = {"x5t": "thumbprint", "x5t#S256": "thumbprint", "nonce": "n", "cty": "x", "unknown": {"a": [1]}}
    assert Harness().decide(token(header=header))["principalId"] == "main|alice"


class TestStrictJson:
    @pytest.mark.parametrize(
        "raw",
        [
            b"{}",
            b'{"a":1}',
            b' {"a" : [1, 2.50, -0, 1e2, null, true]} ',
            b'{"a":"\\u00e9\\/\\ud83d\\ude00"}',
            '{"é":"ü"}'.encode(),
        ],
    )
    def test_unambiguous_objects_are_parsed(self, raw: bytes) -> None:
        assert isinstance(strict_json.parse_object(raw), dict)

    @pytest.mark.parametrize(
        "raw", [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'{"b":[{"a":1,"a":1}]}', b'{"":1, "":2}']
    )
    def test_duplicate_members_are_rejected(self, raw: bytes) -> None:
        with pytest.raises(DuplicateMember):
            strict_json.parse_object(raw)

    def test_equal_names_at_different_levels_are_accepted(self) -> None:
        assert strict_json.parse_object(b'{"a":{"a":{"a":1}}}') == {"a": {"a": {"a": 1}}}

    def test_nesting_is_limited(self) -> None:
        deep, too_deep = (b'{"a":' + b"[" * levels + b"]" * levels + b"}" for levels in (31, 32))
        assert strict_json.parse_object(deep)
        with pytest.raises(JsonMalformed):
            strict_json.parse_object(too_deep)
        assert strict_json.parse_object(b'{"a":[' + b"[]," * 500 + b"{}]}")

    def test_a_long_object_is_parsed(self) -> None:
        assert len(strict_json.parse_object(b'{"a":"' + b"x" * 6000 + b'"}')["a"]) == 6000

    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"1", b'"a"', b"null", b"{}{}", b"{'a':1}", b'{"a":\xff}'])
    def test_anything_but_an_object_is_rejected(self, raw: bytes) -> None:
        with pytest.raises(JsonMalformed):
            strict_json.parse_object(raw)


def test_accepted_headers_are_cached() -> None:
    tokens.parse_header.cache_clear()
    first, second = tokens.parse(token(jti="1")), tokens.parse(token(jti="2"))
    assert first.header is second.header
    with pytest.raises(JsonMalformed):
        tokens.parse(token(header=b"[1]"))
    assert tokens.parse_header.cache_info().currsize == 1
