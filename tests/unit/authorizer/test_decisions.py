"""What handlers are told, and what is remembered of decisions."""

from typing import Any

import pytest

from authorizer.decision import usage_key
from authorizer.settings import DecisionCacheSettings, UsageClients
from tests.unit.authorizer.provider import NOW, STAGE, Desk, event, issuer, jwk, token


def test_the_context_holds_what_handlers_need() -> None:
    answer = Desk(issuers=(issuer(tenant_claim="org"),)).ask(token(org="acme"))
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


def test_the_context_has_only_what_the_gateway_takes() -> None:
    for scope in ("items:read", ""):
        context = Desk().ask(token(scope=scope, name="Alice", email="alice@example.com"))["context"]
        assert all(type(value) in (str, int, float, bool) for value in context.values())
        assert "claims" not in context
        assert "alice@example.com" not in str(context)


class TestRemembered:
    def cached(self, desk: Desk, text: str) -> bool:
        desk.ask(text)
        return bool(desk.lines[-1]["CacheHits"])

    def test_is_the_same_credential_only(self) -> None:
        desk = Desk()
        assert [self.cached(desk, token()), self.cached(desk, token()), self.cached(desk, token(jti="2"))] == [
            False,
            True,
            False,
        ]

    def test_is_answered_as_it_was_and_not_worked_out_again(self) -> None:
        desk = Desk(log_decisions=False)
        assert desk.ask(token()) is desk.ask(token())

    def test_is_nothing_that_was_refused(self) -> None:
        desk = Desk()
        for _ in range(2):
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                desk.ask(token(aud="other"))
            assert desk.lines[-1]["CacheHits"] == 0

    def test_is_a_denial_too(self) -> None:
        desk = Desk()
        assert [self.cached(desk, token(scope="")) for _ in range(2)] == [False, True]
        assert desk.lines[-1]["outcome"] == "deny"

    def test_ends_at_the_set_time(self) -> None:
        desk = Desk(decision_cache=DecisionCacheSettings(seconds=100))
        self.cached(desk, token())
        desk.hands.move(99)
        assert self.cached(desk, token())
        desk.hands.move(1)
        assert not self.cached(desk, token())

    def test_does_not_outlive_its_token(self) -> None:
        desk = Desk()
        short = token(exp=NOW + 10)
        self.cached(desk, short)
        desk.hands.move(39)
        assert self.cached(desk, short)
        desk.hands.move(1)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            desk.ask(short)
        assert desk.reason == "expired"

    def test_is_bounded_and_forgets_the_oldest(self) -> None:
        desk = Desk(decision_cache=DecisionCacheSettings(entries=2))
        texts = [token(jti=str(number)) for number in range(3)]
        for text in texts:
            self.cached(desk, text)
        assert [self.cached(desk, text) for text in reversed(texts)] == [True, True, False]

    def test_takes_the_place_of_the_same_credentials_for_another_stage_and_no_others(self) -> None:
        desk = Desk(decision_cache=DecisionCacheSettings(entries=2))
        first, second = token(jti="1"), token(jti="2")
        self.cached(desk, first)
        self.cached(desk, second)
        other = {**event(second), "methodArn": STAGE.replace("/prod/", "/dev/") + "GET/items"}
        desk.authorizer(other, None)
        assert desk.lines[-1]["CacheHits"] == 0
        assert self.cached(desk, first)

    def test_is_nothing_where_it_is_switched_off(self) -> None:
        desk = Desk(decision_cache=DecisionCacheSettings(seconds=0))
        assert [self.cached(desk, token()) for _ in range(2)] == [False, False]
        assert not desk.authorizer._decisions._held

    def test_ends_a_withdrawn_keys_tokens_in_time(self) -> None:
        desk = Desk()
        desk.ask(token("ES256"))
        desk.provider.publish(jwk("RS256"))
        desk.hands.move(300)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            desk.ask(token("ES256"))


class TestUsageKey:
    usage = UsageClients(clients={"main": ("client-1",), "other": ("client-2",)})

    def key(self, usage: UsageClients | None, client: str) -> Any:
        return Desk(usage=usage).ask(token(client_id=client)).get("usageIdentifierKey")

    def test_is_the_listed_clients_own(self) -> None:
        assert self.key(self.usage, "client-1") == usage_key("gatehouse", "test", "main", "client-1")

    @pytest.mark.parametrize("client", ["client-2", "client-3"])
    def test_is_the_default_plans_for_others(self, client: str) -> None:
        assert self.key(self.usage, client) == usage_key("gatehouse", "test")

    def test_is_the_default_plans_where_the_issuer_has_no_clients_listed(self) -> None:
        assert self.key(UsageClients(clients={"other": ("client-1",)}), "client-1") == usage_key("gatehouse", "test")

    def test_is_not_there_without_plans(self) -> None:
        assert self.key(None, "client-1") is None

    def test_is_refused_to_others_where_it_is_set_so(self) -> None:
        refusing = UsageClients(clients=self.usage.clients, unlisted="refuse")
        desk = Desk(usage=refusing)
        answer = desk.ask(token(client_id="client-3"))
        assert [statement["Effect"] for statement in answer["policyDocument"]["Statement"]] == ["Deny"]
        assert answer["context"]["error"] == desk.reason == "client_not_listed"
        assert self.key(refusing, "client-1")

    def test_is_one_of_its_own_for_everything_that_names_it(self) -> None:
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
