"""Revoked tokens are rejected as soon as they are on the denylist; all other tokens are accepted."""

import json
from contextlib import closing
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.authorizer import Authorizer
from authorizer.claims import Caller
from authorizer.errors import Fault, RevocationsUnavailable, SettingsInvalid
from authorizer.revocation.entries import EXPIRY, ISSUED_UNTIL, KEY, is_revoked_by, subject_key, token_key
from authorizer.settings import RevocationSettings
from authorizer.startup import start
from tests.unit.authorizer.database import TABLE, Database, database
from tests.unit.authorizer.provider import NOW, Harness, ManualClock, Provider, claims, issuer, settings, token

ISSUED = NOW - 10
"""The `iat` of the provider's tokens."""

NEVER = 2**35
"""A time in the far future: DynamoDB Local deletes expired entries, by its own clock."""

CALLER = Caller("main", "alice", "client-1", "token-1", None, ("items:read",), NOW + 60, ISSUED)


class FakeDenylist:
    """An in-memory denylist, which cannot be read while it is `unavailable`."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.broken = False
        self.requests = 0
        self.warmed = 0.0

    def warm_up(self, seconds: float) -> None:
        self.warmed = seconds

    def is_revoked(self, caller: Caller) -> bool:
        self.requests += 1
        if self.broken:
            raise RevocationsUnavailable("the table cannot be read")
        keys = (token_key(caller.issuer, caller.token_id), subject_key(caller.issuer, caller.subject))
        return any(is_revoked_by(self.entries[key], caller) for key in keys if key in self.entries)

    def revoke_token(self, issuer: str, token_id: str) -> None:
        key = token_key(issuer, token_id)
        self.entries[key] = {KEY: {"S": key}}

    def revoke_subject(self, issuer: str, subject: str, until: int = NOW) -> None:
        key = subject_key(issuer, subject)
        self.entries[key] = {KEY: {"S": key}, ISSUED_UNTIL: {"N": str(until)}}


@pytest.fixture
def denylist() -> FakeDenylist:
    return FakeDenylist()


@pytest.fixture
def harness(denylist: FakeDenylist) -> Harness:
    return Harness(denylist=denylist)


def rejection_reason(harness: Harness, text: str) -> str:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        harness.decide(text)
    return harness.reason


class TestToken:
    def test_only_the_token_with_this_id_is_rejected(self, harness: Harness, denylist: FakeDenylist) -> None:
        denylist.revoke_token("main", "token-1")
        assert rejection_reason(harness, token()) == "revoked"
        assert harness.decide(token(jti="token-2"))["principalId"] == "main|alice"

    def test_a_token_of_another_issuer_is_accepted(self, harness: Harness, denylist: FakeDenylist) -> None:
        denylist.revoke_token("other", "token-1")
        denylist.revoke_subject("other", "alice")
        assert harness.decide(token())["principalId"] == "main|alice"

    def test_a_cached_decision_is_rejected_immediately_after_revocation(
        self, harness: Harness, denylist: FakeDenylist
    ) -> None:
        harness.decide(token())
        harness.decide(token())
        assert (denylist.requests, harness.lines[-1]["CacheHits"]) == (2, 1)
        denylist.revoke_token("main", "token-1")
        assert rejection_reason(harness, token()) == "revoked"
        assert (harness.lines[-1]["issuer"], harness.lines[-1]["key_id"]) == ("main", "RS256")

    def test_the_entry_of_a_token_revokes_it_regardless_of_issued_until(self) -> None:
        key = {"S": "main#token#token-1"}
        assert is_revoked_by({KEY: key, ISSUED_UNTIL: {"N": "0"}}, CALLER)
        assert not is_revoked_by({KEY: {"S": "main#token#token-2"}, ISSUED_UNTIL: {"N": "0"}}, CALLER)

    @pytest.mark.parametrize("claim", ["jti", "iat"])
    def test_a_token_that_cannot_be_revoked_is_rejected(self, denylist: FakeDenylist, claim: str) -> None:
        issuers = (issuer(profile="generic"),)
        text = token(header={"typ": "JWT"}, payload=json.dumps(claims(**{claim: ...})).encode())
        assert Harness(issuers=issuers).decide(text)["principalId"] == "main|alice"
        harness = Harness(denylist=denylist, issuers=issuers)
        assert rejection_reason(harness, text) == "claim_missing"
        assert harness.lines[-1]["claim"] == claim
        assert denylist.requests == 0

    def test_an_invalid_token_is_not_looked_up(self, harness: Harness, denylist: FakeDenylist) -> None:
        assert rejection_reason(harness, token(aud="other")) == "audience"
        assert denylist.requests == 0


class TestSubject:
    def test_only_tokens_issued_before_the_revocation_are_rejected(
        self, harness: Harness, denylist: FakeDenylist
    ) -> None:
        denylist.revoke_subject("main", "alice", NOW)
        assert rejection_reason(harness, token(jti="token-1")) == "revoked"
        assert rejection_reason(harness, token(jti="token-2", iat=NOW)) == "revoked"
        harness.clock.advance(1)
        assert harness.decide(token(jti="token-3", iat=NOW + 1))["principalId"] == "main|alice"

    def test_other_subjects_are_accepted(self, harness: Harness, denylist: FakeDenylist) -> None:
        denylist.revoke_subject("main", "alice")
        denylist.revoke_token("main", "bob")
        assert harness.decide(token(sub="bob"))["principalId"] == "main|bob"

    @pytest.mark.parametrize(
        ("issued_at", "until", "revoked"),
        [(5, 5, True), (5.9, 5, True), (6, 5, False), (4, 5, True), (None, 5, True), (0, 0, True), (1, 0, False)],
    )
    def test_tokens_issued_in_the_same_second_are_revoked(
        self, issued_at: float | None, until: int, revoked: bool
    ) -> None:
        caller = msgspec.structs.replace(CALLER, issued_at=issued_at)
        entry = {KEY: {"S": subject_key("main", "alice")}, ISSUED_UNTIL: {"N": str(until)}}
        assert is_revoked_by(entry, caller) is revoked

    @pytest.mark.parametrize("until", [{}, {"N": "soon"}, {"S": "5"}, None, {"N": None}, {"N": "1.5"}])
    def test_a_malformed_entry_revokes_all_tokens(self, until: Any) -> None:
        entry = {KEY: {"S": subject_key("main", "alice")}, ISSUED_UNTIL: until}
        assert is_revoked_by(entry, CALLER)
        del entry[ISSUED_UNTIL]
        assert is_revoked_by(entry, CALLER)


texts = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=20)


@given(issuers=st.tuples(*[st.sampled_from(["main", "a", "main-token"])] * 2), values=st.tuples(texts, texts))
def test_different_tokens_and_subjects_have_different_keys(issuers: tuple[str, str], values: tuple[str, str]) -> None:
    made = {make(name, value) for make in (token_key, subject_key) for name, value in zip(issuers, values, strict=True)}
    assert len(made) == 2 * len(set(zip(issuers, values, strict=True)))


def test_the_keys_have_the_documented_format() -> None:
    assert token_key("main", "t-1") == "main#token#t-1"
    assert subject_key("main", "al#ice") == "main#subject#al#ice"


@pytest.mark.parametrize("value", ["", "a\nb", "x" * 256, "\ud800"])
@pytest.mark.parametrize("make", [token_key, subject_key])
def test_invalid_ids_and_subjects_are_rejected(make: Any, value: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid (token id|subject) .*: must be printable and have 1 to 255 bytes$"):
        make("main", value)


class TestUnavailable:
    def test_requests_fail_by_default(self, harness: Harness, denylist: FakeDenylist) -> None:
        denylist.broken = True
        with pytest.raises(RevocationsUnavailable):
            harness.decide(token())
        written = harness.lines[-1]
        assert (written["outcome"], written["reason"]) == ("fault", "revocations_unavailable")
        assert written["RevocationFailures"] == 1

    def test_cached_decisions_fail_too(self, harness: Harness, denylist: FakeDenylist) -> None:
        harness.decide(token())
        denylist.broken = True
        with pytest.raises(RevocationsUnavailable):
            harness.decide(token())

    def test_tokens_are_accepted_and_counted_if_the_settings_say_so(self, denylist: FakeDenylist) -> None:
        harness = Harness(denylist=denylist, revocation=RevocationSettings(enabled=True, when_unavailable="accept"))
        denylist.broken = True
        assert harness.decide(token())["principalId"] == "main|alice"
        assert (harness.lines[-1]["outcome"], harness.lines[-1]["RevocationFailures"]) == ("allow", 1)
        denylist.broken = False
        harness.decide(token())
        assert harness.lines[-1]["RevocationFailures"] == 0

    def test_enabled_revocation_requires_a_denylist(self) -> None:
        with pytest.raises(SettingsInvalid, match=r"^revocation is enabled, but there is no denylist$"):
            Authorizer(settings(revocation=RevocationSettings(enabled=True)))


def test_the_start_connects_the_denylist(denylist: FakeDenylist) -> None:
    made = settings(revocation=RevocationSettings(enabled=True))
    start(made, Provider().fetch, ManualClock().as_clock(), emit=lambda _: None, denylist=cast("Any", denylist))
    assert denylist.warmed == made.keys.fetch_timeout


class TestTable:
    """The denylist in DynamoDB."""

    def test_a_revoked_token_is_found(self, revocations: Database) -> None:
        harness = Harness(denylist=revocations.denylist())
        assert harness.decide(token())["principalId"] == "main|alice"
        revocations.put(token_key("main", "token-1"), **{EXPIRY: NEVER})
        assert rejection_reason(harness, token()) == "revoked"

    def test_a_revoked_subject_is_found(self, revocations: Database) -> None:
        revocations.put(subject_key("main", "alice"), **{ISSUED_UNTIL: ISSUED, EXPIRY: NEVER})
        harness = Harness(denylist=revocations.denylist())
        assert rejection_reason(harness, token()) == "revoked"
        assert harness.decide(token(iat=ISSUED + 1))["principalId"] == "main|alice"

    def test_a_decision_takes_one_read(self) -> None:
        with database() as server:
            Harness(denylist=server.denylist()).decide(token())
            assert len(server.requests) == 1

    def test_a_failed_read_is_a_fault(self) -> None:
        with database() as server:
            server.failures += [500, 500]
            with pytest.raises(RevocationsUnavailable, match="cannot be read: status 500 ThrottlingException"):
                Harness(denylist=server.denylist()).decide(token())

    @pytest.mark.parametrize("when_unavailable", ["refuse", "accept"])
    def test_an_entry_in_a_partial_response_revokes_the_token(self, when_unavailable: Any) -> None:
        entry = {KEY: {"S": token_key("main", "token-1")}}
        part = json.dumps({"Responses": {TABLE: [entry]}, "UnprocessedKeys": {TABLE: {}}}).encode()
        with database() as server:
            server.failures += [part, part]
            revocation = RevocationSettings(enabled=True, when_unavailable=when_unavailable)
            assert rejection_reason(Harness(denylist=server.denylist(), revocation=revocation), token()) == "revoked"

    def test_it_is_connected_before_the_first_request(self) -> None:
        with database() as server:
            denylist = server.denylist()
            denylist.warm_up(2)
            Harness(denylist=denylist).decide(token())
            assert server.connections == 1

    def test_a_failed_connection_does_not_fail_the_start(self) -> None:
        with database() as server:
            denylist = server.denylist()
        denylist.warm_up(2)
        with pytest.raises(Fault):
            Harness(denylist=denylist).decide(token())


def test_the_environment_names_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    unreachable = issuer(key_url="http://127.0.0.1:1/keys")
    made = settings(issuers=(unreachable,), revocation=RevocationSettings(enabled=True))
    monkeypatch.delenv("REVOCATIONS_TABLE", raising=False)
    with pytest.raises(SettingsInvalid, match="REVOCATIONS_TABLE"):
        start(made)
    with database() as server:
        for name, value in msgspec.to_builtins(server.environment).items():
            monkeypatch.setenv(name, value)
        authorizer = start(made)
        table = cast("Any", authorizer)._denylist.table
        with closing(table._pool):
            assert table.get_items(("a",), 1) == []
        assert (len(server.requests), server.connections) == (1, 1)
    assert isinstance(start(settings()), Authorizer)
