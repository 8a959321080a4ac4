"""Properties of all tokens, tested with generated ones."""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.authorizer.provider import (
    AUDIENCE,
    URL,
    Harness,
    allowed,
    base64url,
    claims,
    decoded_by_pyjwt,
    token,
)

bounded = settings(max_examples=300)

TOKENS = {algorithm: token(algorithm) for algorithm in ("RS256", "PS256", "ES256", "EdDSA")}
HARNESS = Harness()
NOW_HARNESS = Harness()
"""An authorizer with the current time, because PyJWT's `decode` uses it."""

characters = st.characters(max_codepoint=0x2FFF)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(characters, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(characters, max_size=4), inner, max_size=3),
    max_leaves=6,
)


def outcome(harness: Harness, credential: str) -> dict[str, Any] | None:
    """Return the output, or None for Unauthorized. Any other error fails the test."""
    event = {
        "type": "TOKEN",
        "authorizationToken": credential,
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/prod/GET/items",
    }
    try:
        return harness.authorizer(event, None)
    except Exception as error:
        if type(error) is Exception and str(error) == "Unauthorized":
            return None
        raise


@st.composite
def mutations(draw: st.DrawFn, original: str) -> str:
    """Return the text with a few characters replaced, inserted, removed, doubled or moved."""
    text = original
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 6)))
        new = draw(st.text(st.sampled_from("ABab01-_.=+/ \n\0é") | characters, max_size=4))
        text = draw(
            st.sampled_from(
                [
                    text[:start] + new + text[end:],
                    text[:start] + text[start:end] * 2 + text[end:],
                    text[end:] + text[:end],
                ]
            )
        )
    return text


@pytest.mark.parametrize("algorithm", TOKENS)
class TestMutations:
    @bounded
    @given(data=st.data())
    def test_mutated_tokens_are_rejected_or_equivalent(self, algorithm: str, data: st.DataObject) -> None:
        original = f"Bearer {TOKENS[algorithm]}"
        same = outcome(HARNESS, original)
        assert same is not None
        assert outcome(HARNESS, data.draw(mutations(original))) in (None, same)

    def test_every_change_of_one_character_is_rejected(self, algorithm: str) -> None:
        original = TOKENS[algorithm]
        for index, character in enumerate(original):
            other = "A" if character != "A" else "B"
            assert outcome(HARNESS, f"Bearer {original[:index]}{other}{original[index + 1 :]}") is None, index

    def test_every_removal_of_a_character_is_rejected(self, algorithm: str) -> None:
        original = TOKENS[algorithm]
        for index in range(len(original)):
            assert outcome(HARNESS, f"Bearer {original[:index]}{original[index + 1 :]}") is None, index

    def test_every_change_of_a_bit_of_the_signature_is_rejected(self, algorithm: str) -> None:
        signing_input, _, _ = TOKENS[algorithm].rpartition(".")
        signature = _signature(TOKENS[algorithm])
        for bit in range(0, len(signature) * 8, 5):
            changed = bytearray(signature)
            changed[bit // 8] ^= 1 << bit % 8
            assert outcome(HARNESS, f"Bearer {signing_input}.{base64url(bytes(changed))}") is None, bit


def _signature(text: str) -> bytes:
    segment = text.rpartition(".")[2]
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def agreed(credential: str) -> bool:
    """Return whether the authorizer accepts a token; if it does, PyJWT must accept it too, with the same claims."""
    NOW_HARNESS.clock.wall = time.time()
    answer = outcome(NOW_HARNESS, f"Bearer {credential}")
    if answer is None:
        return False
    understood = decoded_by_pyjwt(credential)
    context = answer["context"]
    assert understood["sub"] == context["subject"]
    assert understood["iss"] == URL
    assert understood.get("jti", "") == context["token_id"]
    assert int(understood["exp"]) + 30 == context["expires"]
    audience = understood["aud"]
    assert AUDIENCE in ([audience] if isinstance(audience, str) else audience)
    return True


def today(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return claims(exp=now + 600, iat=now - 10, **changes)


def encoded(members: Any) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


class TestPyjwtAgrees:
    def test_on_accepted_claims(self) -> None:
        accepted: list[bool] = []

        @bounded
        @given(
            st.dictionaries(
                st.sampled_from(
                    ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "x", "token_use"]
                ),
                json_values,
                max_size=2,
            )
        )
        @example({"aud": [AUDIENCE, "x"]})
        @example({"sub": "é"})
        @example({"x": {"y": [1.5, None]}})
        @example({"exp": time.time() + 300.5})
        def agree(changes: dict[str, Any]) -> None:
            accepted.append(agreed(token("EdDSA", payload=encoded({**today(), **changes}))))

        agree()
        assert 0 < sum(accepted) < len(accepted)

    def test_on_accepted_payloads(self) -> None:
        accepted: list[bool] = []

        @bounded
        @given(st.data())
        def agree(data: st.DataObject) -> None:
            payload = data.draw(mutations(encoded(today(x="y")).decode()))
            accepted.append(agreed(token("EdDSA", payload=payload.encode("utf-8", "surrogatepass"))))

        agree()
        assert 0 < sum(accepted) < len(accepted)

    def test_on_accepted_headers(self) -> None:
        accepted: list[bool] = []

        @bounded
        @given(st.data())
        def agree(data: st.DataObject) -> None:
            header = (
                '{"alg":"EdDSA","kid":"EdDSA","typ":"at+jwt","x":"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"}'
            )
            mutant = data.draw(mutations(header)).encode("utf-8", "surrogatepass")
            accepted.append(agreed(token("EdDSA", header=mutant, payload=encoded(today()))))

        agree()
        assert 0 < sum(accepted) < len(accepted)

    @pytest.mark.parametrize(
        "write",
        [
            lambda members: json.dumps(members).encode(),
            lambda members: json.dumps(members, indent=2).encode(),
            lambda members: json.dumps(members, ensure_ascii=False).encode(),
            lambda members: json.dumps(members).replace("/", "\\/").encode(),
            lambda members: b" \r\n\t" + encoded(members) + b"\n ",
        ],
        ids=["spaced", "indented", "utf_8", "escaped_slashes", "surrounded_by_space"],
    )
    def test_on_every_valid_json_encoding(self, write: Callable[[Any], bytes]) -> None:
        assert agreed(token("EdDSA", payload=write(today(sub="alice-é", name="😀"))))

    def test_a_cached_decision_has_the_same_output(self) -> None:
        first = HARNESS.decide(TOKENS["RS256"])
        assert HARNESS.decide(TOKENS["RS256"]) == first
        assert HARNESS.lines[-1]["CacheHits"] == 1
        assert allowed(first)
