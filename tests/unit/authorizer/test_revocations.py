"""What was revoked counts no more, from the moment that it is on the list; nothing else is refused."""

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
from tests.unit.authorizer.database import TABLE, database
from tests.unit.authorizer.provider import NOW, Harness, ManualClock, Provider, claims, issuer, settings, token

ISSUED = NOW - 10
"""What the provider's tokens have as their `iat`."""

CALLER = Caller("main", "alice", "client-1", "token-1", None, ("items:read",), NOW + 60, ISSUED)


class Listed:
    """Revocations in memory; `broken` ones cannot be read."""

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
def listed() -> Listed:
    return Listed()


@pytest.fixture
def harness(listed: Listed) -> Harness:
    return Harness(denylist=listed)


def refused(harness: Harness, text: str) -> str:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        harness.decide(text)
    return harness.reason


class TestToken:
    def test_of_this_id_is_refused_and_others_of_the_subject_are_not(self, harness: Harness, listed: Listed) -> None:
        listed.revoke_token("main", "token-1")
        assert refused(harness, token()) == "revoked"
        assert harness.decide(token(jti="token-2"))["principalId"] == "main|alice"

    def test_of_another_issuer_is_not_refused(self, harness: Harness, listed: Listed) -> None:
        listed.revoke_token("other", "token-1")
        listed.revoke_subject("other", "alice")
        assert harness.decide(token())["principalId"] == "main|alice"

    def test_that_is_remembered_is_refused_from_the_moment_that_it_is_listed(
        self, harness: Harness, listed: Listed
    ) -> None:
        harness.decide(token())
        harness.decide(token())
        assert (listed.requests, harness.lines[-1]["CacheHits"]) == (2, 1)
        listed.revoke_token("main", "token-1")
        assert refused(harness, token()) == "revoked"
        assert (harness.lines[-1]["issuer"], harness.lines[-1]["key_id"]) == ("main", "RS256")

    def test_is_covered_by_its_entry_whatever_else_that_says(self) -> None:
        key = {"S": "main#token#token-1"}
        assert is_revoked_by({KEY: key, ISSUED_UNTIL: {"N": "0"}}, CALLER)
        assert not is_revoked_by({KEY: {"S": "main#token#token-2"}, ISSUED_UNTIL: {"N": "0"}}, CALLER)

    @pytest.mark.parametrize("claim", ["jti", "iat"])
    def test_that_could_not_be_revoked_is_refused(self, listed: Listed, claim: str) -> None:
        issuers = (issuer(profile="generic"),)
        text = token(header={"typ": "JWT"}, payload=json.dumps(claims(**{claim: ...})).encode())
        assert Harness(issuers=issuers).decide(text)["principalId"] == "main|alice"
        harness = Harness(denylist=listed, issuers=issuers)
        assert refused(harness, text) == "claim_missing"
        assert harness.lines[-1]["claim"] == claim
        assert listed.requests == 0

    def test_that_is_not_authentic_is_not_looked_up(self, harness: Harness, listed: Listed) -> None:
        assert refused(harness, token(aud="other")) == "audience"
        assert listed.requests == 0


class TestSubject:
    def test_is_signed_out_everywhere_and_may_sign_in_again(self, harness: Harness, listed: Listed) -> None:
        listed.revoke_subject("main", "alice", NOW)
        assert refused(harness, token(jti="token-1")) == "revoked"
        assert refused(harness, token(jti="token-2", iat=NOW)) == "revoked"
        harness.clock.advance(1)
        assert harness.decide(token(jti="token-3", iat=NOW + 1))["principalId"] == "main|alice"

    def test_is_not_another_one(self, harness: Harness, listed: Listed) -> None:
        listed.revoke_subject("main", "alice")
        listed.revoke_token("main", "bob")
        assert harness.decide(token(sub="bob"))["principalId"] == "main|bob"

    @pytest.mark.parametrize(
        ("issued_at", "until", "covered"),
        [(5, 5, True), (5.9, 5, True), (6, 5, False), (4, 5, True), (None, 5, True), (0, 0, True), (1, 0, False)],
    )
    def test_is_covered_until_the_end_of_the_second(self, issued_at: float | None, until: int, covered: bool) -> None:
        caller = msgspec.structs.replace(CALLER, issued_at=issued_at)
        entry = {KEY: {"S": subject_key("main", "alice")}, ISSUED_UNTIL: {"N": str(until)}}
        assert is_revoked_by(entry, caller) is covered

    @pytest.mark.parametrize("until", [{}, {"N": "soon"}, {"S": "5"}, None, {"N": None}, {"N": "1.5"}])
    def test_with_an_entry_that_cannot_be_read_is_signed_out(self, until: Any) -> None:
        entry = {KEY: {"S": subject_key("main", "alice")}, ISSUED_UNTIL: until}
        assert is_revoked_by(entry, CALLER)
        del entry[ISSUED_UNTIL]
        assert is_revoked_by(entry, CALLER)


texts = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=20)


@given(issuers=st.tuples(*[st.sampled_from(["main", "a", "main-token"])] * 2), values=st.tuples(texts, texts))
def test_no_two_things_share_an_entry(issuers: tuple[str, str], values: tuple[str, str]) -> None:
    made = {make(name, value) for make in (token_key, subject_key) for name, value in zip(issuers, values, strict=True)}
    assert len(made) == 2 * len(set(zip(issuers, values, strict=True)))


def test_an_entrys_key_is_what_the_table_holds() -> None:
    assert token_key("main", "t-1") == "main#token#t-1"
    assert subject_key("main", "al#ice") == "main#subject#al#ice"


@pytest.mark.parametrize("value", ["", "a\nb", "x" * 256, "\ud800"])
@pytest.mark.parametrize("make", [token_key, subject_key])
def test_what_no_token_says_cannot_be_revoked(make: Any, value: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid (token id|subject) .*: must be printable and have 1 to 255 bytes$"):
        make("main", value)


class TestUnavailable:
    def test_is_a_fault_by_default(self, harness: Harness, listed: Listed) -> None:
        listed.broken = True
        with pytest.raises(RevocationsUnavailable):
            harness.decide(token())
        written = harness.lines[-1]
        assert (written["outcome"], written["reason"]) == ("fault", "revocations_unavailable")
        assert written["RevocationFailures"] == 1

    def test_is_a_fault_for_what_is_remembered_too(self, harness: Harness, listed: Listed) -> None:
        harness.decide(token())
        listed.broken = True
        with pytest.raises(RevocationsUnavailable):
            harness.decide(token())

    def test_is_passed_over_and_counted_where_it_is_set_so(self, listed: Listed) -> None:
        harness = Harness(denylist=listed, revocation=RevocationSettings(enabled=True, when_unavailable="accept"))
        listed.broken = True
        assert harness.decide(token())["principalId"] == "main|alice"
        assert (harness.lines[-1]["outcome"], harness.lines[-1]["RevocationFailures"]) == ("allow", 1)
        listed.broken = False
        harness.decide(token())
        assert harness.lines[-1]["RevocationFailures"] == 0

    def test_settings_that_want_a_list_do_not_work_without_one(self) -> None:
        with pytest.raises(SettingsInvalid, match=r"^revocation is enabled, but there is no denylist$"):
            Authorizer(settings(revocation=RevocationSettings(enabled=True)))


def test_a_start_connects_to_the_list_while_keys_are_fetched(listed: Listed) -> None:
    made = settings(revocation=RevocationSettings(enabled=True))
    start(made, Provider().fetch, ManualClock().as_clock(), emit=lambda _: None, denylist=cast("Any", listed))
    assert listed.warmed == made.keys.fetch_timeout


class TestTable:
    """The list in DynamoDB."""

    def test_says_who_is_revoked_with_one_read(self) -> None:
        with database() as found:
            harness = Harness(denylist=found.denylist())
            assert harness.decide(token())["principalId"] == "main|alice"
            found.put(token_key("main", "token-1"), **{EXPIRY: NOW})
            assert refused(harness, token()) == "revoked"
            assert len(found.requests) == 2

    def test_says_who_is_signed_out(self) -> None:
        with database() as found:
            found.put(subject_key("main", "alice"), **{ISSUED_UNTIL: ISSUED, EXPIRY: NOW})
            harness = Harness(denylist=found.denylist())
            assert refused(harness, token()) == "revoked"
            assert harness.decide(token(iat=ISSUED + 1))["principalId"] == "main|alice"

    def test_that_cannot_be_read_is_a_fault(self) -> None:
        with database() as found:
            found.failures += [500, 500]
            with pytest.raises(RevocationsUnavailable, match="cannot be read: status 500 ThrottlingException"):
                Harness(denylist=found.denylist()).decide(token())

    @pytest.mark.parametrize("when_unavailable", ["refuse", "accept"])
    def test_that_names_the_token_in_part_of_an_answer_is_believed(self, when_unavailable: Any) -> None:
        entry = {KEY: {"S": token_key("main", "token-1")}}
        part = json.dumps({"Responses": {TABLE: [entry]}, "UnprocessedKeys": {TABLE: {}}}).encode()
        with database() as found:
            found.failures += [part, part]
            revocation = RevocationSettings(enabled=True, when_unavailable=when_unavailable)
            assert refused(Harness(denylist=found.denylist(), revocation=revocation), token()) == "revoked"

    def test_is_connected_to_ahead(self) -> None:
        with database() as found:
            denylist = found.denylist()
            denylist.warm_up(2)
            Harness(denylist=denylist).decide(token())
            assert found.connections == 1

    def test_that_is_not_there_at_the_start_is_no_failure_of_the_start(self) -> None:
        with database() as found:
            denylist = found.denylist()
        denylist.warm_up(2)
        with pytest.raises(Fault):
            Harness(denylist=denylist).decide(token())


def test_the_bundle_reads_the_table_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = issuer(key_url="http://127.0.0.1:1/keys")
    made = settings(issuers=(nobody,), revocation=RevocationSettings(enabled=True))
    monkeypatch.delenv("REVOCATIONS_TABLE", raising=False)
    with pytest.raises(SettingsInvalid, match="REVOCATIONS_TABLE"):
        start(made)
    with database() as found:
        for name, value in msgspec.to_builtins(found.environment).items():
            monkeypatch.setenv(name, value)
        authorizer = start(made)
        with closing(cast("Any", authorizer)._denylist.table) as table:
            assert table.get_items(("a",), 1) == []
        assert (len(found.requests), found.connections) == (1, 1)
    assert isinstance(start(settings()), Authorizer)
