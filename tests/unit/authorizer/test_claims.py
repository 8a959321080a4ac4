"""Accepted claims for each kind of issuer; tests/security has the rejected ones."""

from typing import Any

import pytest

from authorizer.settings import is_printable
from tests.unit.authorizer.provider import NOW, Harness, Provider, issuer, jwk, jwks, private_key, token


def context_of(header: dict[str, Any] | None = None, by: dict[str, Any] | None = None, **claims: Any) -> dict[str, Any]:
    """Return the context for a token of an issuer with these settings."""
    return Harness(issuers=(issuer(**(by or {})),)).decide(token(header=header, **claims))["context"]


class TestProfiles:
    @pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"])
    def test_rfc9068_accepts_its_type_in_any_case(self, typ: str) -> None:
        assert context_of({"typ": typ})["subject"] == "alice"

    @pytest.mark.parametrize("typ", [..., "JWT", "jwt", "at+jwt", "application/jwt"])
    def test_generic_accepts_the_types_in_use(self, typ: Any) -> None:
        assert context_of({"typ": typ}, {"profile": "generic"})["subject"] == "alice"

    def test_generic_requires_neither_issue_time_nor_token_id_nor_client(self) -> None:
        context = context_of(by={"profile": "generic"}, iat=..., jti=..., client_id=...)
        assert (context["client"], context["token_id"]) == ("", "")

    @pytest.mark.parametrize("claim", ["azp", "cid", "appid"])
    def test_generic_accepts_other_claims_for_the_client(self, claim: str) -> None:
        named: dict[str, Any] = {"client_id": ..., claim: "app-7"}
        assert context_of(None, {"profile": "generic"}, **named)["client"] == "app-7"

    def test_client_id_takes_precedence_over_other_claims(self) -> None:
        assert context_of(by={"profile": "generic"}, azp="other", cid="other")["client"] == "client-1"

    def test_rfc9068_ignores_other_claims_for_the_client(self) -> None:
        assert context_of(azp="other", cid="other")["client"] == "client-1"

    def test_cognito_compares_the_client_with_the_audiences(self) -> None:
        by = {"profile": "cognito", "audiences": ("client-1",)}
        context = context_of({"typ": ...}, by, aud=..., token_use="access", username="alice", version=2)
        assert context["client"] == "client-1"

    @pytest.mark.parametrize("profile", ["rfc9068", "generic"])
    def test_every_profile_accepts_the_token_use_access(self, profile: str) -> None:
        assert context_of(by={"profile": profile}, token_use="access")["subject"] == "alice"


class TestTimes:
    @pytest.mark.parametrize(
        "claims",
        [
            {"exp": NOW - 29},
            {"exp": NOW + 86_390, "iat": NOW - 10},
            {"exp": NOW + 60.75, "iat": NOW + 30, "nbf": NOW + 29.9},
            {"nbf": 0},
        ],
    )
    def test_times_at_their_limits_are_accepted(self, claims: dict[str, Any]) -> None:
        assert context_of(**claims)["subject"] == "alice"

    def test_the_context_contains_the_expiry_plus_the_leeway_in_whole_seconds(self) -> None:
        expires = context_of(by={"leeway": 7}, exp=NOW + 60.9)["expires"]
        assert expires == NOW + 67
        assert isinstance(expires, int)

    def test_without_an_issue_time_the_lifetime_starts_now(self) -> None:
        by = {"profile": "generic", "max_lifetime": 600}
        assert context_of(by=by, exp=NOW + 630, iat=...)["subject"] == "alice"
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            context_of(by=by, exp=NOW + 631, iat=...)

    def test_without_leeway_a_token_expires_at_its_exp(self) -> None:
        harness = Harness(issuers=(issuer(leeway=0),))
        last = token(exp=NOW + 1)
        harness.decide(last)
        harness.clock.advance(1)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            harness.decide(last)

    def test_the_longest_lifetime_is_that_of_the_issuer(self) -> None:
        by = {"max_lifetime": 600}
        assert context_of(by=by, exp=NOW + 590, iat=NOW - 10)["subject"] == "alice"
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            context_of(by=by, exp=NOW + 591, iat=NOW - 10)


class TestIdentity:
    def test_one_matching_audience_in_a_list_is_enough(self) -> None:
        assert context_of(aud=["other", "https://api.example.com"])["subject"] == "alice"

    def test_any_of_several_audiences_is_accepted(self) -> None:
        by: dict[str, Any] = {"audiences": ("one", "two")}
        assert context_of(by=by, aud="two")["subject"] == "alice"

    @pytest.mark.parametrize("sub", ["a", "auth0|123", "alice@example.com", "é" * 127, "with space", "x" * 255, "日本"])
    def test_a_printable_subject_is_accepted(self, sub: str) -> None:
        assert context_of(sub=sub)["owner"] == f"main|{sub}"

    def test_the_context_contains_the_tenant_if_one_is_configured(self) -> None:
        assert context_of(by={"tenant_claim": "org"}, org="acme")["tenant"] == "acme"
        assert "tenant" not in context_of(org="acme")

    def test_the_tenant_claim_may_be_one_with_another_meaning(self) -> None:
        assert context_of(by={"tenant_claim": "client_id"})["tenant"] == "client-1"

    def test_a_listed_client_is_accepted(self) -> None:
        assert context_of(by={"clients": ("client-0", "client-1")})["client"] == "client-1"

    def test_equal_subjects_of_two_issuers_are_different_owners(self) -> None:
        issuers = (
            issuer(),
            issuer(name="other", url="https://other.example.com/", key_url="https://idp.example.com/keys"),
        )
        harness = Harness(issuers=issuers)
        assert harness.decide(token())["principalId"] == "main|alice"
        assert harness.decide(token(iss="https://other.example.com/"))["principalId"] == "other|alice"

    def test_a_token_signed_with_another_issuers_key_is_rejected(self) -> None:
        provider = Provider()
        provider.documents["https://other.example.com/keys"] = jwks(jwk("RS256", private_key("RS256", 1)))
        other = issuer(name="other", url="https://other.example.com/", key_url="https://other.example.com/keys")
        harness = Harness(provider, issuers=(issuer(), other))
        assert harness.decide(token(iss=other.url, key=private_key("RS256", 1)))["principalId"] == "other|alice"
        for forged in (token(iss=other.url), token(key=private_key("RS256", 1))):
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                harness.decide(forged)
            assert harness.reason == "signature"

    def test_each_issuer_has_its_own_rules(self) -> None:
        strict = issuer(audiences=("one",))
        lax = issuer(
            name="lax", url="https://lax.example.com/", key_url="https://idp.example.com/keys", profile="generic",
            audiences=("two",),
        )  # fmt: skip
        harness = Harness(issuers=(strict, lax))
        harness.decide(token(aud="one"))
        harness.decide(token(iss=lax.url, aud="two", jti=...))
        for rejected in (token(aud="two"), token(iss=lax.url, aud="one"), token(aud="one", jti=...)):
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                harness.decide(rejected)


@pytest.mark.parametrize(
    ("changes", "reason", "claim"),
    [
        ({"exp": ...}, "claim_missing", "exp"),
        ({"aud": ...}, "claim_missing", "aud"),
        ({"jti": ...}, "claim_missing", "jti"),
        ({"org": 1}, "claim_missing", "org"),
        ({"jti": "a\nb"}, "claim_type", "jti"),
        ({"scope": 1}, "claim_type", "scope"),
        ({"kind": "other"}, "required_claim", "kind"),
        ({"sub": 1}, "claim_type", None),
        ({"iss": "https://other.example.com"}, "issuer", None),
    ],
)
def test_the_log_names_the_invalid_claim(changes: dict[str, Any], reason: str, claim: str | None) -> None:
    harness = Harness(issuers=(issuer(tenant_claim="org", required_claims={"kind": ("access",)}),))
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        harness.decide(token(**{"org": "acme", "kind": "access", **changes}))
    assert (harness.reason, harness.lines[-1]["claim"]) == (reason, claim)


@pytest.mark.parametrize(
    ("text", "plain"), [("é" * 127, True), ("é" * 128, False), ("x" * 255, True), ("x" * 256, False)]
)
def test_the_length_of_a_text_is_measured_in_bytes(text: str, plain: bool) -> None:
    assert is_printable(text) is plain
