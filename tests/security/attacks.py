"""The attacks: each has a name, a forged credential, the reason for which it must be rejected, and a valid twin.

The twin differs from the attack only in what the attack changes; by default it is the valid token that attacks are
derived from. `issuer` contains changes to the issuer's settings, and `keys` returns the key set that it publishes.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.unit.authorizer.provider import (
    NOW,
    URL,
    base64url,
    claims,
    compact,
    jwk,
    private_key,
    signer,
    token,
    weak_key,
)

Forge = Callable[[], str]


def bearer(token: str) -> str:
    return f"Bearer {token}"


@dataclass(frozen=True)
class Attack:
    reason: str
    forge: Forge
    twin: Forge = field(default=lambda: bearer(token()))
    issuer: Mapping[str, Any] = field(default_factory=dict)
    keys: Callable[[], list[dict[str, Any]]] | None = None


def with_claims(
    reason: str, twin: dict[str, Any] | None = None, issuer: dict[str, Any] | None = None, **claims: Any
) -> Attack:
    """Return an attack with a correctly signed token that has other claims."""
    return Attack(reason, lambda: bearer(token(**claims)), lambda: bearer(token(**(twin or {}))), issuer=issuer or {})


def with_header_members(reason: str, **header: Any) -> Attack:
    """Return an attack with a correctly signed token that has another header."""
    return Attack(reason, lambda: bearer(token(header=header)))


def without_type(reason: str, typ: str | None) -> Attack:
    """Return an attack with an invalid type, for an issuer whose tokens need not have one."""
    return Attack(
        reason,
        lambda: bearer(token(header={"typ": typ})),
        lambda: bearer(token(header={"typ": ...})),
        issuer={"profile": "generic"},
    )


def with_payload(reason: str, raw: Callable[[bytes], bytes]) -> Attack:
    """Return an attack with a correctly signed token whose payload consists of other bytes."""
    return Attack(reason, lambda: bearer(token(payload=raw(json.dumps(claims(), separators=(",", ":")).encode()))))


def with_header(reason: str, raw: bytes) -> Attack:
    """Return an attack with a correctly signed token whose header consists of exactly these bytes."""
    return Attack(
        reason,
        lambda: bearer(token(header=raw)),
        lambda: bearer(token(header=b'{"alg":"RS256","kid":"RS256","typ":"at+jwt"}')),
    )


def with_token_text(reason: str, change: Callable[[str], str]) -> Attack:
    """Return an attack with another text for an accepted token."""
    return Attack(reason, lambda: bearer(change(token())))


def with_credentials(reason: str, change: Callable[[str], str]) -> Attack:
    """Return an attack with an accepted token in another Authorization header."""
    return Attack(reason, lambda: change(token()))


def with_signature(reason: str, sign: Callable[[bytes], bytes], algorithm: str = "RS256") -> Attack:
    """Return an attack with another signature; the twin has the correct one."""
    header = json.dumps({"alg": algorithm, "kid": algorithm, "typ": "at+jwt"}).encode()
    body = json.dumps(claims()).encode()
    return Attack(
        reason,
        lambda: bearer(compact(header, body, sign)),
        lambda: bearer(compact(header, body, lambda raw: signer(algorithm).sign(raw, private_key(algorithm)))),
    )


def with_published_key(reason: str, algorithm: str = "RS256", key: Any = None, **members: Any) -> Attack:
    """Return an attack with a token signed by a published key that must not be used."""

    def forge() -> str:
        return bearer(token(algorithm, key=key() if key else None))

    others = ("ES384",)
    return Attack(
        reason,
        forge,
        lambda: bearer(token("ES384")),
        keys=lambda: [jwk(algorithm, key() if key else None, **members), *map(jwk, others)],
    )


def replace_segment(text: str, index: int, change: Callable[[str], str]) -> str:
    """Return a token with one segment changed."""
    segments = text.split(".")
    segments[index] = change(segments[index])
    return ".".join(segments)


def insert_characters(character: str) -> Callable[[str], str]:
    """Insert four equal characters into a segment: its length stays valid, and a lenient decoder ignores them."""
    return lambda segment: f"{segment[:8]}{4 * character}{segment[8:]}"


def set_trailing_bits(segment: str) -> str:
    """Set the unused trailing bits of a segment: another text for the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(segment) % 4, "the segment must have unused bits"
    return segment[:-1] + alphabet[alphabet.index(segment[-1]) + 1]


def public_pem() -> bytes:
    return (
        private_key("RS256")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def symmetric(secret: Callable[[], bytes], digest: str = "sha256", name: str = "HS256") -> Attack:
    """Sign with the public key as the secret of an HMAC, which a verifier that trusts the header would accept."""
    header = json.dumps({"alg": name, "kid": "RS256", "typ": "at+jwt"}).encode()
    body = json.dumps(claims()).encode()
    return Attack("algorithm", lambda: bearer(compact(header, body, lambda raw: hmac.digest(secret(), raw, digest))))


def unsigned(name: str) -> Attack:
    header = {"alg": name, "typ": "at+jwt", "kid": "RS256"}
    return Attack("algorithm", lambda: bearer(token(header=header)))


def der(raw: bytes) -> bytes:
    signature = signer("ES256").sign(raw, private_key("ES256"))
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def with_halves(change: Callable[[bytes, bytes], bytes]) -> Attack:
    """Return an ES256 signature whose halves, R and S, are combined in another way."""

    def sign(raw: bytes) -> bytes:
        signature = signer("ES256").sign(raw, private_key("ES256"))
        return change(signature[:32], signature[32:])

    return with_signature("signature", sign, "ES256")


def flip_last_bit(raw: bytes) -> bytes:
    signature = bytearray(signer("RS256").sign(raw, private_key("RS256")))
    signature[10] ^= 1
    return bytes(signature)


def add_order(raw: bytes) -> bytes:
    """Return an Ed25519 signature with the group's order added to S, which RFC 8032 §5.1.7 rejects."""
    signature = signer("EdDSA").sign(raw, private_key("EdDSA"))
    order = 2**252 + 27742317777372353535851937790883648493
    return signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")


CREDENTIALS = {
    "no_credentials": with_credentials("credentials_missing", lambda _: ""),
    "scheme_basic": with_credentials("scheme", lambda token: f"Basic {token}"),
    "scheme_dpop": with_credentials("scheme", lambda token: f"DPoP {token}"),
    "no_scheme": with_credentials("scheme", lambda token: token),
    "scheme_alone": with_credentials("scheme", lambda _: "Bearer"),
    "scheme_without_token": with_credentials("segments", lambda _: "Bearer "),
    "two_spaces": with_credentials("encoding", lambda token: f"Bearer  {token}"),
    "tab_for_space": with_credentials("scheme", lambda token: f"Bearer\t{token}"),
    "leading_space": with_credentials("scheme", lambda token: f" Bearer {token}"),
    "trailing_space": with_credentials("encoding", lambda token: f"Bearer {token} "),
    "trailing_newline": with_credentials("encoding", lambda token: f"Bearer {token}\n"),
    "quoted_token": with_credentials("encoding", lambda token: f'Bearer "{token}"'),
    "two_credentials": with_credentials("encoding", lambda token: f"Bearer {token}, Bearer {token}"),
    "auth_parameter": with_credentials("encoding", lambda token: f"Bearer token={token}"),
    "null_byte": with_credentials("encoding", lambda token: f"Bearer {token}\0"),
    "homoglyph": with_token_text("encoding", lambda token: token.replace("e", "\u0435")),
    "lone_surrogate": with_credentials("encoding", lambda token: f"Bearer {token}\ud800"),
    "token_too_long": with_claims("token_length", twin={"padding": "x" * 5000}, padding="x" * 6000),
}

STRUCTURE = {
    "two_segments": with_token_text("segments", lambda token: token.rpartition(".")[0]),
    "four_segments": with_token_text("segments", lambda token: token + ".e30"),
    "five_segments_of_jwe": with_token_text("segments", lambda token: token + ".e30.e30"),
    "only_dots": with_token_text("segments", lambda _: ".."),
    "signature_stripped": with_token_text("segments", lambda token: token.rpartition(".")[0] + "."),
    "header_stripped": with_token_text("segments", lambda token: replace_segment(token, 0, lambda _: "")),
    "payload_stripped": with_token_text("segments", lambda token: replace_segment(token, 1, lambda _: "")),
    "json_serialization": with_token_text("encoding", lambda token: json.dumps({"payload": token.split(".")[1]})),
    "padded_header": with_token_text(
        "encoding", lambda token: replace_segment(token, 0, lambda segment: segment + "=")
    ),
    "padded_payload": with_token_text(
        "encoding", lambda token: replace_segment(token, 1, lambda segment: segment + "=")
    ),
    "padded_signature": with_token_text("encoding", lambda token: token + "=="),
    "loose_bits_in_header": Attack(
        "encoding",
        lambda: bearer(replace_segment(token(header={"x": "y"}), 0, set_trailing_bits)),
        lambda: bearer(token(header={"x": "y"})),
    ),
    "loose_bits_in_payload": Attack(
        "encoding", lambda: bearer(replace_segment(token(x="y1"), 1, set_trailing_bits)), lambda: bearer(token(x="y1"))
    ),
    "loose_bits_in_signature": with_token_text("encoding", lambda token: replace_segment(token, 2, set_trailing_bits)),
    "standard_base64": Attack(
        "encoding",
        lambda: bearer(token(x="~~~???").replace("-", "+").replace("_", "/")),
        lambda: bearer(token(x="~~~???")),
    ),
    "newline_in_segment": with_token_text("encoding", lambda token: token[:30] + "\n" + token[30:]),
    "space_in_segment": with_token_text("encoding", lambda token: token[:30] + " " + token[30:]),
    "percent_encoded": with_token_text("encoding", lambda token: token.replace(".", "%2E")),
    **{
        f"four_of_{ord(character):02x}_in_segment_{index}": with_token_text(
            "encoding",
            lambda token, character=character, index=index: replace_segment(token, index, insert_characters(character)),
        )
        for character in "\n *+/=%"
        for index in range(3)
    },
    "character_too_many": with_token_text("encoding", lambda token: token + "AAA"),
}

JSON = {
    "subject_twice": with_payload("json_duplicate", lambda raw: raw[:-1] + b',"sub":"mallory"}'),
    "expiry_twice": with_payload("json_duplicate", lambda raw: raw[:-1] + b',"exp":9999999999}'),
    "expiry_twice_with_the_same_value": with_payload("json_duplicate", lambda raw: raw[:-1] + b',"jti":"token-1"}'),
    "member_twice_by_escape": with_payload("json_duplicate", lambda raw: raw[:-1] + b',"s\\u0075b":"mallory"}'),
    "member_twice_spaced": with_payload("json_duplicate", lambda raw: raw[:-1] + b', "sub" : "mallory"}'),
    "unknown_member_twice": with_payload("json_duplicate", lambda raw: raw[:-1] + b',"x":1,"x":2}'),
    "nested_member_twice": with_payload("json_duplicate", lambda raw: raw[:-1] + b',"x":{"y":1,"y":2}}'),
    "algorithm_twice": with_header("json_duplicate", b'{"alg":"none","alg":"RS256","kid":"RS256","typ":"at+jwt"}'),
    "key_id_twice": with_header("json_duplicate", b'{"alg":"RS256","kid":"x","kid":"RS256","typ":"at+jwt"}'),
    "nan": with_payload("json", lambda raw: raw[:-1] + b',"x":NaN}'),
    "infinity": with_payload("json", lambda raw: raw[:-1] + b',"x":Infinity}'),
    "negative_infinity": with_payload("json", lambda raw: raw[:-1] + b',"x":-Infinity}'),
    "number_out_of_range": with_payload("json", lambda raw: raw[:-1] + b',"x":1e999}'),
    "endless_number": with_payload("json", lambda raw: raw[:-1] + b',"x":' + b"9" * 4400 + b"}"),
    "leading_zero": with_payload("json", lambda raw: raw[:-1] + b',"x":01}'),
    "byte_order_mark": with_payload("json", lambda raw: b"\xef\xbb\xbf" + raw),
    "utf_16": with_payload("json", lambda raw: raw.decode().encode("utf-16")),
    "utf_16_without_mark": with_payload("json", lambda raw: raw.decode().encode("utf-16-le")),
    "utf_32": with_payload("json", lambda raw: raw.decode().encode("utf-32-be")),
    "invalid_utf_8": with_payload("json", lambda raw: raw[:-1] + b',"x":"\xff"}'),
    "overlong_utf_8": with_payload("json", lambda raw: raw[:-1] + b',"x":"\xc0\xaf"}'),
    "surrogate_in_subject": with_payload("json", lambda raw: raw.replace(b"alice", b"alice\\ud800")),
    "surrogate_in_unknown_claim": with_payload("json", lambda raw: raw[:-1] + b',"x":"\\udfff"}'),
    "trailing_comma": with_payload("json", lambda raw: raw[:-1] + b",}"),
    "comment": with_payload("json", lambda raw: raw[:-1] + b"/* */}"),
    "single_quotes": with_payload("json", lambda raw: raw.replace(b'"', b"'")),
    "control_character_in_string": with_payload("json", lambda raw: raw[:-1] + b',"x":"\x01"}'),
    "two_objects": with_payload("json", lambda raw: raw + raw),
    "null_after_object": with_payload("json", lambda raw: raw + b"\0"),
    "list_for_payload": with_payload("json", lambda raw: b"[" + raw + b"]"),
    "text_for_payload": with_payload("json", lambda _: b'"alice"'),
    "null_for_payload": with_payload("json", lambda _: b"null"),
    "deep_nesting": with_payload("json", lambda raw: raw[:-1] + b',"x":' + b"[" * 2500 + b"]" * 2500 + b"}"),
    "list_for_header": with_header("json", b'["RS256"]'),
    "text_for_header": with_header("json", b"RS256"),
    "byte_order_mark_in_header": with_header("json", b'\xef\xbb\xbf{"alg":"RS256","kid":"RS256","typ":"at+jwt"}'),
}

HEADERS = {
    "algorithm_none": unsigned("none"),
    "algorithm_none_capital": unsigned("None"),
    "algorithm_none_mixed": unsigned("nOnE"),
    "algorithm_none_without_signature": Attack(
        "segments", lambda: bearer(compact(b'{"alg":"none"}', json.dumps(claims()).encode(), lambda _: b""))
    ),
    "hmac_with_public_pem": symmetric(public_pem),
    "hmac_with_public_jwk": symmetric(lambda: json.dumps(jwk("RS256")).encode()),
    "hmac_512_with_public_pem": symmetric(public_pem, "sha512", "HS512"),
    "hmac_with_empty_secret": symmetric(lambda: b"\0"),
    "algorithm_missing": with_header_members("json", alg=...),
    "algorithm_null": with_header_members("json", alg=None),
    "algorithm_list": with_header_members("json", alg=["RS256"]),
    "algorithm_number": with_header_members("json", alg=256),
    "algorithm_lower_case": with_header_members("algorithm", alg="rs256"),
    "algorithm_padded": with_header_members("algorithm", alg="RS256 "),
    "algorithm_unknown": with_header_members("algorithm", alg="ES256K"),
    "algorithm_not_listed": Attack(
        "algorithm",
        lambda: bearer(token("PS256")),
        issuer={"algorithms": ("RS256",)},
    ),
    "algorithm_of_another_key": with_header_members("key_unknown", alg="ES256"),
    "algorithm_pss_for_pkcs1_key": Attack(
        "key_unknown", lambda: bearer(token("PS256", header={"kid": "RS256"}, key=private_key("RS256")))
    ),
    "algorithm_sha512_for_sha256_key": Attack(
        "key_unknown", lambda: bearer(token("RS512", header={"kid": "RS256"}, key=private_key("RS256")))
    ),
    "key_id_unknown": with_header_members("key_unknown", kid="nobody"),
    "key_id_of_another_key": with_header_members("key_unknown", kid="RS384"),
    "key_id_empty": with_header_members("key_unknown", kid=""),
    "key_id_path": with_header_members("key_unknown", kid="../../../../dev/null"),
    "key_id_sql": with_header_members("key_unknown", kid="x' UNION SELECT 'key"),
    "key_id_url": with_header_members("key_unknown", kid="https://evil.example.com/key"),
    "key_id_number": with_header_members("json", kid=1),
    "key_id_list": with_header_members("json", kid=["RS256"]),
    "key_id_missing_where_several_fit": Attack(
        "key_unknown",
        lambda: bearer(token(header={"kid": ...})),
        keys=lambda: [jwk("RS256"), jwk("RS256", private_key("RS256", 1), kid="other")],
    ),
    "key_id_null": Attack(
        "json",
        lambda: bearer(token(header={"kid": None})),
        lambda: bearer(token(header={"kid": ...})),
        keys=lambda: [jwk("RS256")],
    ),
    "key_url_in_header": with_header_members("header_key", jku="https://evil.example.com/keys"),
    "own_key_url_in_header": with_header_members("header_key", jku=URL + "keys"),
    "key_in_header": Attack(
        "header_key",
        lambda: bearer(
            token(header={"jwk": jwk("RS256", private_key("RS256", 1))}, key=private_key("RS256", 1)),
        ),
    ),
    "certificate_url_in_header": with_header_members("header_key", x5u="https://evil.example.com/certificate"),
    "certificate_in_header": with_header_members("header_key", x5c=["MIIB"]),
    "compressed": with_header_members("header_key", zip="DEF"),
    "null_key_url_in_header": with_header_members("header_key", jku=None),
    "critical_extension": with_header_members("header_crit", crit=["exp"], exp=NOW + 60),
    "critical_empty": with_header_members("header_crit", crit=[]),
    "critical_null": with_header_members("header_crit", crit=None),
    "unencoded_payload": with_header_members("header_crit", b64=False),
    "unencoded_payload_critical": with_header_members("header_crit", b64=False, crit=["b64"]),
    "type_missing": with_header_members("typ", typ=...),
    "type_of_id_token": with_header_members("typ", typ="JWT"),
    "type_of_logout_token": with_header_members("typ", typ="logout+jwt"),
    "type_of_dpop_proof": with_header_members("typ", typ="dpop+jwt"),
    "type_with_application_only": with_header_members("typ", typ="application/jwt"),
    "type_twice_prefixed": with_header_members("typ", typ="application/application/at+jwt"),
    "type_number": with_header_members("json", typ=1),
    "type_null": without_type("json", None),
    "type_empty": without_type("typ", ""),
    "type_of_nothing": without_type("typ", "application/"),
    "type_of_nothing_capital": without_type("typ", "Application/"),
}

SIGNATURES = {
    "signature_bit_flipped": with_signature("signature", flip_last_bit),
    "signature_zero": with_signature("signature", lambda _: b"\0" * 256),
    "signature_short": with_signature("signature", lambda raw: flip_last_bit(raw)[:255]),
    "signature_long": with_signature("signature", lambda raw: b"\0" + signer("RS256").sign(raw, private_key("RS256"))),
    "signature_of_another_key": with_signature(
        "signature", lambda raw: signer("RS256").sign(raw, private_key("RS256", 1))
    ),
    "signature_with_another_hash": with_signature(
        "signature", lambda raw: signer("RS512").sign(raw, private_key("RS256"))
    ),
    "signature_with_another_padding": with_signature(
        "signature", lambda raw: signer("PS256").sign(raw, private_key("RS256"))
    ),
    "signature_is_digest": with_signature("signature", lambda raw: hashlib.sha256(raw).digest()),
    "signature_of_payload_only": with_signature(
        "signature", lambda raw: signer("RS256").sign(raw.partition(b".")[2], private_key("RS256"))
    ),
    "signature_of_another_token": Attack(
        "signature", lambda: bearer(f"{token(sub='mallory').rpartition('.')[0]}.{token().rpartition('.')[2]}")
    ),
    "payload_swapped": Attack(
        "signature",
        lambda: bearer(replace_segment(token(), 1, lambda _: base64url(json.dumps(claims(sub="mallory")).encode()))),
    ),
    "header_swapped": Attack(
        "signature",
        lambda: bearer(replace_segment(token(), 0, lambda _: token(header={"x": 1}).partition(".")[0])),
    ),
    "ecdsa_zero": with_signature("signature", lambda _: b"\0" * 64, "ES256"),
    "ecdsa_der": with_signature("signature", der, "ES256"),
    "ecdsa_short": with_halves(lambda r, s: r + s[:31]),
    "ecdsa_halved": with_halves(lambda r, _: r),
    "ecdsa_swapped": with_halves(lambda r, s: s + r),
    "ecdsa_zero_before": with_halves(lambda r, s: b"\0" + r + s),
    "ecdsa_zero_between": with_halves(lambda r, s: r + b"\0" + s),
    "ecdsa_zero_before_each_half": with_halves(lambda r, s: b"\0" + r + b"\0" + s),
    "ecdsa_zero_after": with_halves(lambda r, s: r + s + b"\0"),
    "ecdsa_longer_curve": with_signature(
        "signature", lambda raw: signer("ES384").sign(raw, private_key("ES384")), "ES256"
    ),
    "eddsa_zero": with_signature("signature", lambda _: b"\0" * 64, "EdDSA"),
    "eddsa_order_added": with_signature("signature", add_order, "EdDSA"),
    "eddsa_small_order_point": with_signature("signature", lambda _: b"\x01" + b"\0" * 63, "EdDSA"),
}

IDENTITY = {
    "issuer_missing": with_claims("issuer", iss=...),
    "issuer_unknown": with_claims("issuer", iss="https://evil.example.com/"),
    "issuer_without_slash": with_claims("issuer", iss=URL.rstrip("/")),
    "issuer_in_capitals": with_claims("issuer", iss=URL.upper()),
    "issuer_as_prefix": with_claims("issuer", iss=URL + "evil"),
    "issuer_list": with_claims("claim_type", iss=[URL]),
    "issuer_null": with_claims("claim_type", iss=None),
    "audience_missing": with_claims("claim_missing", aud=...),
    "audience_other": with_claims("audience", aud="https://other.example.com"),
    "audience_as_prefix": with_claims("audience", aud="https://api.example.com.evil.example.com"),
    "audience_as_substring": with_claims("audience", aud="https://api"),
    "audience_empty": with_claims("audience", aud=""),
    "audience_empty_list": with_claims("audience", twin={"aud": ["x", "https://api.example.com"]}, aud=[]),
    "audience_list_of_others": with_claims("audience", aud=["x", "y"]),
    "audience_list_with_number": with_claims("claim_type", aud=["https://api.example.com", 1]),
    "audience_object": with_claims("claim_type", aud={"https://api.example.com": True}),
    "audience_null": with_claims("claim_type", aud=None),
    "subject_missing": with_claims("subject", sub=...),
    "subject_empty": with_claims("subject", sub=""),
    "subject_number": with_claims("claim_type", sub=1),
    "subject_list": with_claims("claim_type", sub=["alice"]),
    "subject_null_character": with_claims("subject", sub="alice\0"),
    "subject_newline": with_claims("subject", sub="alice\nowner: bob"),
    "subject_invisible_character": with_claims("subject", sub="alice\u200b"),
    "subject_right_to_left": with_claims("subject", sub="\u202ealice"),
    "subject_too_long": with_claims("subject", twin={"sub": "x" * 255}, sub="x" * 256),
    "subject_too_many_bytes": with_claims("subject", twin={"sub": "é" * 127}, sub="é" * 128),
    "client_missing": with_claims("claim_missing", client_id=...),
    "client_number": with_claims("claim_type", client_id=7),
    "client_control_character": with_claims("client", client_id="client\x1b[2J"),
    "client_not_listed": with_claims("client", client_id="client-2", issuer={"clients": ("client-1",)}),
    "token_id_missing": with_claims("claim_missing", jti=...),
    "token_id_empty": with_claims("claim_missing", jti=""),
    "token_id_number": with_claims("claim_type", jti=1),
    "token_id_control_character": with_claims("claim_type", jti="a\nb"),
    "tenant_missing": with_claims("claim_missing", twin={"org": "acme"}, issuer={"tenant_claim": "org"}),
    "tenant_number": with_claims("claim_missing", twin={"org": "1"}, issuer={"tenant_claim": "org"}, org=1),
    "tenant_control_character": with_claims(
        "claim_missing", twin={"org": "a"}, issuer={"tenant_claim": "org"}, org="a\0"
    ),
    "required_claim_missing": with_claims("required_claim", {"hd": "a"}, {"required_claims": {"hd": ("a", "b")}}),
    "required_claim_other": with_claims("required_claim", {"hd": "b"}, {"required_claims": {"hd": ("a", "b")}}, hd="c"),
    "required_claim_list": with_claims(
        "required_claim", {"hd": "b"}, {"required_claims": {"hd": ("a", "b")}}, hd=["a"]
    ),
    "scope_number": with_claims("claim_type", scope=1),
    "scope_list_of_numbers": with_claims("claim_type", {"scope": ["items:read"]}, scope=[1]),
    "scope_object": with_claims("claim_type", scope={"items:read": True}),
}

TIMES = {
    "expiry_missing": with_claims("claim_missing", exp=...),
    "expiry_null": with_claims("claim_type", exp=None),
    "expiry_text": with_claims("claim_type", exp=str(NOW + 3600)),
    "expiry_true": with_claims("claim_type", exp=True),
    "expiry_list": with_claims("claim_type", exp=[NOW + 3600]),
    "expiry_negative": with_claims("claim_type", exp=-1),
    "expiry_huge": with_claims("claim_type", exp=10**30),
    "expiry_huge_float": with_claims("claim_type", exp=1e300),
    "expired": with_claims("expired", {"exp": NOW + 1}, exp=NOW - 3600),
    "expired_by_the_leeway": with_claims("expired", {"exp": NOW - 29}, exp=NOW - 30),
    "expired_by_a_fraction": with_claims("expired", {"exp": NOW - 28.5}, exp=NOW - 29.5),
    "lifetime_ten_years": with_claims("lifetime", exp=NOW + 10 * 365 * 86_400),
    "lifetime_ten_years_nearly_over": with_claims("lifetime", {"iat": NOW - 80_000}, iat=NOW - 10 * 365 * 86_400),
    "lifetime_without_issue_time": with_claims(
        "lifetime", {"iat": ...}, {"profile": "generic"}, iat=..., exp=NOW + 10 * 365 * 86_400
    ),
    "not_before_to_come": with_claims("not_yet_valid", {"nbf": NOW + 30}, nbf=NOW + 31),
    "not_before_text": with_claims("claim_type", {"nbf": NOW}, nbf=str(NOW)),
    "not_before_true": with_claims("claim_type", {"nbf": 1}, nbf=True),
    "not_before_null": with_claims("claim_type", nbf=None),
    "issued_missing": with_claims("claim_missing", iat=...),
    "issued_in_future": with_claims("issued_in_future", {"iat": NOW + 30}, iat=NOW + 31),
    "issued_text": with_claims("claim_type", iat=str(NOW)),
    "issued_true": with_claims("claim_type", iat=True),
}

COGNITO: dict[str, Any] = {"profile": "cognito", "audiences": ("client-1",)}
GENERIC: dict[str, Any] = {"profile": "generic"}

USES = {
    "token_use_id": with_claims("token_use", {"token_use": "access"}, token_use="id"),
    "token_use_refresh": with_claims("token_use", token_use="refresh"),
    "token_use_null": with_claims("claim_type", token_use=None),
    "token_use_list": with_claims("claim_type", token_use=["access"]),
    "id_token_with_access_token_hash": with_claims("token_use", {}, GENERIC, at_hash="x"),
    "id_token_with_code_hash": with_claims("token_use", {}, GENERIC, c_hash="x"),
    "id_token_for_the_client": with_claims("audience", {}, GENERIC, aud="client-1"),
    "cognito_id_token": Attack(
        "token_use",
        lambda: bearer(token(header={"typ": ...}, token_use="id", aud="client-1")),
        lambda: bearer(token(header={"typ": ...}, token_use="access", aud=...)),
        issuer=COGNITO,
    ),
    "cognito_without_token_use": Attack(
        "token_use",
        lambda: bearer(token(header={"typ": ...}, aud=...)),
        lambda: bearer(token(header={"typ": ...}, token_use="access", aud=...)),
        issuer=COGNITO,
    ),
    "cognito_other_client": Attack(
        "audience",
        lambda: bearer(token(header={"typ": ...}, token_use="access", client_id="client-2", aud="client-1")),
        lambda: bearer(token(header={"typ": ...}, token_use="access", aud="client-2")),
        issuer=COGNITO,
    ),
    "default_scopes_for_id_token": Attack(
        "required_claim",
        lambda: bearer(token(header={"typ": "JWT"}, scope=..., kind="id")),
        lambda: bearer(token(header={"typ": "JWT"}, scope=..., kind="access")),
        issuer={**GENERIC, "default_scopes": ("items:read",), "required_claims": {"kind": ("access",)}},
    ),
}

KEYS = {
    "key_for_encryption": with_published_key("key_unknown", use="enc"),
    "key_for_signing_only": with_published_key("key_unknown", key_ops=["sign"]),
    "key_operations_malformed": with_published_key("key_unknown", key_ops="verify"),
    "key_of_1024_bits": with_published_key("key_unknown", key=weak_key),
    "key_with_exponent_3": with_published_key("key_unknown", key=lambda: weak_key(2048, 3)),
    "key_private": with_published_key("key_unknown", "RS256", d="AQAB"),
    "key_of_another_algorithm": with_published_key("key_unknown", "RS256", alg="PS256"),
    "key_of_another_type": with_published_key("key_unknown", "RS256", kty="EC"),
    "key_modulus_padded": with_published_key("key_unknown", "RS256", n=jwk("RS256")["n"] + "=="),
    "key_modulus_number": with_published_key("key_unknown", "RS256", n=5),
    "key_off_the_curve": with_published_key("key_unknown", "ES256", x="AAAA", y="AAAA"),
    "key_of_another_curve": with_published_key("key_unknown", "ES256", crv="P-384"),
    "key_of_exchange_curve": with_published_key("key_unknown", "EdDSA", crv="X25519"),
    "key_id_is_a_number": with_published_key("key_unknown", "RS256", kid=5),
    "key_id_of_two_keys": Attack(
        "key_unknown",
        lambda: bearer(token()),
        lambda: bearer(token("ES384")),
        keys=lambda: [jwk("RS256"), jwk("RS256", private_key("RS256", 1)), jwk("ES384")],
    ),
    "key_symmetric": Attack(
        "algorithm",
        lambda: bearer(
            compact(
                b'{"alg":"HS256","kid":"shared","typ":"at+jwt"}',
                json.dumps(claims()).encode(),
                lambda raw: hmac.digest(b"secret", raw, "sha256"),
            )
        ),
        keys=lambda: [{"kty": "oct", "k": base64url(b"secret"), "kid": "shared"}, jwk("RS256")],
    ),
}

ATTACKS: dict[str, Attack] = {
    **CREDENTIALS,
    **STRUCTURE,
    **JSON,
    **HEADERS,
    **SIGNATURES,
    **IDENTITY,
    **TIMES,
    **USES,
    **KEYS,
}
