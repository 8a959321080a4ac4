"""The context for handlers, the cache of decisions, and the keys of usage plans."""

from typing import Any

import pytest

from authorizer.decision import usage_key
from authorizer.settings import DecisionCacheSettings, UsageClients
from tests.unit.authorizer.provider import NOW, STAGE, Harness, event, issuer, jwk, token


def test_the_context_contains_everything_that_handlers_need() -> None:
    answer = Harness(issuers=(issuer(tenant_claim="org"),)).decide(token(org="acme"))
    assert answer["principalId"] == "main|alice"
    assert answer["context"] == {
        "owner": "main|alice",
        "issuer": "main",
        "subject": "alice",
        "client": "client-1",
        "scope": "items:read items:write users:read",
        "expires": NOW + 3630,
        "token_id": "token-1",
        "tenant": "acme",
        "decision_id": "",
    }


def test_the_context_contains_only_types_that_api_gateway_accepts() -> None:
    for scope in ("items:read", ""):
        context = Harness().decide(token(scope=scope, name="Alice", email="alice@example.com"))["context"]
        assert all(type(value) in (str, int, float, bool) for value in context.values())
        assert "claims" not in context
        assert "alice@example.com" not in str(context)


class TestDecisionCache:
    def cached(self, harness: Harness, text: str) -> bool:
        harness.decide(text)
        return bool(harness.lines[-1]["CacheHits"])

    def test_only_equal_credentials_are_a_hit(self) -> None:
        harness = Harness()
        assert [self.cached(harness, token()), self.cached(harness, token()), self.cached(harness, token(jti="2"))] == [
            False,
            True,
            False,
        ]

    def test_a_cached_decision_is_returned_unchanged(self) -> None:
        harness = Harness(log_decisions=False)
        assert harness.decide(token()) is harness.decide(token())

    def test_rejections_are_not_cached(self) -> None:
        harness = Harness()
        for _ in range(2):
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                harness.decide(token(aud="other"))
            assert harness.lines[-1]["CacheHits"] == 0

    def test_denials_are_cached(self) -> None:
        harness = Harness()
        assert [self.cached(harness, token(scope="")) for _ in range(2)] == [False, True]
        assert harness.lines[-1]["outcome"] == "deny"

    def test_a_decision_expires_after_the_configured_time(self) -> None:
        harness = Harness(decision_cache=DecisionCacheSettings(seconds=100))
        self.cached(harness, token())
        harness.clock.advance(99)
        assert self.cached(harness, token())
        harness.clock.advance(1)
        assert not self.cached(harness, token())

    def test_a_decision_does_not_outlive_its_token(self) -> None:
        harness = Harness()
        short = token(exp=NOW + 10)
        self.cached(harness, short)
        harness.clock.advance(39)
        assert self.cached(harness, short)
        harness.clock.advance(1)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            harness.decide(short)
        assert harness.reason == "expired"

    def test_a_full_cache_removes_the_oldest_decision(self) -> None:
        harness = Harness(decision_cache=DecisionCacheSettings(entries=2))
        texts = [token(jti=str(number)) for number in range(3)]
        for text in texts:
            self.cached(harness, text)
        assert [self.cached(harness, text) for text in reversed(texts)] == [True, True, False]

    def test_a_decision_for_another_stage_replaces_only_that_of_the_same_credentials(self) -> None:
        harness = Harness(decision_cache=DecisionCacheSettings(entries=2))
        first, second = token(jti="1"), token(jti="2")
        self.cached(harness, first)
        self.cached(harness, second)
        other = {**event(second), "methodArn": STAGE.replace("/prod/", "/dev/") + "GET/items"}
        harness.authorizer(other, None)
        assert harness.lines[-1]["CacheHits"] == 0
        assert self.cached(harness, first)

    def test_a_disabled_cache_stays_empty(self) -> None:
        harness = Harness(decision_cache=DecisionCacheSettings(seconds=0))
        assert [self.cached(harness, token()) for _ in range(2)] == [False, False]
        assert not harness.authorizer._cache._entries

    def test_tokens_of_a_withdrawn_key_are_rejected_after_the_cache_time(self) -> None:
        harness = Harness()
        harness.decide(token("ES256"))
        harness.provider.publish(jwk("RS256"))
        harness.clock.advance(300)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            harness.decide(token("ES256"))


class TestUsageKey:
    usage = UsageClients(clients={"main": ("client-1",), "other": ("client-2",)})

    def key(self, usage: UsageClients | None, client: str) -> Any:
        return Harness(usage=usage).decide(token(client_id=client)).get("usageIdentifierKey")

    def test_a_listed_client_has_its_own_key(self) -> None:
        assert self.key(self.usage, "client-1") == usage_key("gatehouse", "test", "main", "client-1")

    @pytest.mark.parametrize("client", ["client-2", "client-3"])
    def test_unlisted_clients_share_a_key(self, client: str) -> None:
        assert self.key(self.usage, client) == usage_key("gatehouse", "test")

    def test_clients_of_an_issuer_without_listed_clients_share_a_key(self) -> None:
        assert self.key(UsageClients(clients={"other": ("client-1",)}), "client-1") == usage_key("gatehouse", "test")

    def test_without_plans_there_is_no_key(self) -> None:
        assert self.key(None, "client-1") is None

    def test_unlisted_clients_are_denied_if_the_settings_reject_them(self) -> None:
        strict = UsageClients(clients=self.usage.clients, unlisted="refuse")
        harness = Harness(usage=strict)
        answer = harness.decide(token(client_id="client-3"))
        assert [statement["Effect"] for statement in answer["policyDocument"]["Statement"]] == ["Deny"]
        assert answer["context"]["error"] == harness.reason == "client_not_listed"
        assert self.key(strict, "client-1")

    def test_every_project_stack_issuer_and_client_has_a_different_key(self) -> None:
        keys = {
            usage_key(*names)
            for names in (
                ("a", "b"),
                ("a", "b", "c", "d"),
                ("a", "b", "c", "e"),
                ("ab", "", "c", "d"),
                ("a", "bc", "", "d"),
            )
        }
        assert len(keys) == 5
        assert usage_key("a", "b") == usage_key("a", "b", "", "")
        assert {len(key) for key in keys} == {64}
