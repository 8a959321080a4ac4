"""The log has one line per decision, with everything that alarms need, and nothing personal or secret."""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from authorizer import log
from authorizer.key_source import FetchCounter
from tests.embedded_metrics import values
from tests.unit.authorizer.provider import (
    NOW,
    Harness,
    Provider,
    authorizer,
    event,
    issuer,
    jwk,
    private_key,
    settings,
    token,
)

CONTEXT = SimpleNamespace(aws_request_id="request-1")


COUNTERS = ("CacheHits", "ColdStarts", "KeyFetches", "KeyFetchFailures", "RevocationFailures")


def line(harness: Harness, credentials: str) -> dict[str, Any]:
    """Return the only log line of a decision."""
    del harness.lines[:]
    try:
        harness.authorizer(event(credentials), CONTEXT)
    except Exception as error:  # noqa: BLE001 -- only the line matters
        assert not harness.lines[1:], error  # noqa: PT017
    (written,) = harness.lines
    return written


def test_an_allowed_request_is_logged_with_exactly_these_fields() -> None:
    written = line(Harness(), token())
    metrics = written.pop("_aws")
    latency = written.pop("Latency")
    assert written == {
        "timestamp": "2027-01-15T08:00:00Z",
        "level": "INFO",
        "message": "decision",
        "decision_id": "request-1",
        "project": "gatehouse",
        "stack": "test",
        "outcome": "allow",
        "reason": "ok",
        "claim": None,
        "issuer": "main",
        "key_id": "RS256",
        "client": "client-1",
        "Decisions": 1,
        "CacheHits": 0,
        "ColdStarts": 1,
        "KeyFetches": 1,
        "KeyFetchFailures": 0,
        "RevocationFailures": 0,
    }
    assert latency == 0
    assert metrics["Timestamp"] == NOW * 1000


@pytest.mark.parametrize("claims", [{}, {"scope": ""}, {"aud": "other"}])
def test_the_metrics_are_in_the_embedded_format(claims: dict[str, Any]) -> None:
    written = line(Harness(), token(**claims))
    by_stack = {("project", "gatehouse"), ("stack", "test")}
    assert {(name, frozenset(dimensions)) for name, dimensions in values([written])} == {
        ("Decisions", frozenset({*by_stack, ("outcome", written["outcome"])})),
        *((name, frozenset(by_stack)) for name in (*COUNTERS, "Latency")),
    }
    assert {each["Namespace"] for each in written["_aws"]["CloudWatchMetrics"]} == {log.NAMESPACE}


@pytest.mark.parametrize(
    ("credentials", "outcome", "reason"),
    [
        (token(scope=""), "deny", "insufficient_scope"),
        (token(aud="other"), "unauthorized", "audience"),
        (token(exp=NOW - 60), "unauthorized", "expired"),
        ("x", "unauthorized", "segments"),
        ("", "unauthorized", "segments"),
    ],
)
def test_a_rejection_is_logged_with_its_outcome_and_reason(credentials: str, outcome: str, reason: str) -> None:
    written = line(Harness(), credentials)
    assert (written["outcome"], written["reason"], written["level"]) == (outcome, reason, "INFO")


def test_a_fault_has_the_level_error() -> None:
    harness = Harness()
    harness.provider.go_down()
    written = line(harness, token())
    assert (written["outcome"], written["reason"], written["level"]) == ("fault", "keys_unavailable", "ERROR")
    assert (written["KeyFetches"], written["KeyFetchFailures"]) == (1, 1)


def test_each_fetch_is_logged_once() -> None:
    harness = Harness()
    harness.provider.go_down()
    logged: list[tuple[int, int]] = []
    for _ in range(3):
        written = line(harness, token())
        logged.append((written["KeyFetches"], written["KeyFetchFailures"]))
        harness.clock.advance(5)
    assert logged == [(1, 1)] * 3


def test_a_fetch_that_fails_for_an_unexpected_reason_is_a_failed_fetch() -> None:
    harness = Harness()
    harness.provider.documents.clear()
    written = line(harness, token())
    assert (written["reason"], written["KeyFetches"], written["KeyFetchFailures"]) == ("internal:KeyError", 1, 1)


def test_only_the_first_decision_of_a_process_is_a_cold_start(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()
    assert [line(harness, token())["ColdStarts"] for _ in range(3)] == [1, 0, 0]
    monkeypatch.setattr(log, "_IN_ADVANCE", True)
    assert line(Harness(), token())["ColdStarts"] == 0


def test_fetches_since_the_last_line_are_added_up() -> None:
    fetches = FetchCounter()
    for failed in (True, False, True):
        fetches.add(failed=failed)
    assert fetches.reset() == (3, 2)
    assert fetches.reset() == (0, 0)


def test_the_latency_is_in_milliseconds() -> None:
    harness = Harness()
    fetch = harness.provider.fetch

    def slow(url: str, timeout: float) -> bytes:
        harness.clock.advance(0.0123456)
        return fetch(url, timeout)

    slow_authorizer = authorizer(
        settings(), slow, harness.clock.as_clock(), emit=lambda text: harness.lines.append(json.loads(text))
    )
    slow_authorizer(event(token()), CONTEXT)
    assert harness.lines[-1]["Latency"] == 24.691


def test_an_unexpected_error_is_a_fault_without_its_message() -> None:
    harness = Harness()
    harness.provider.documents.clear()
    written = line(harness, token())
    assert (written["outcome"], written["reason"]) == ("fault", "internal:KeyError")
    with pytest.raises(Exception, match=r"^an internal error occurred$") as failed:
        harness.decide(token())
    assert failed.value.__context__ is None


@pytest.mark.parametrize("claims", [{"aud": "other"}, {"scope": ""}, {}])
def test_every_line_contains_the_decision_id(claims: dict[str, Any]) -> None:
    assert line(Harness(), token(**claims))["decision_id"] == "request-1"


@pytest.mark.parametrize("scope", ["items:read", ""])
def test_the_context_contains_the_decision_id_of_the_line(scope: str) -> None:
    harness = Harness()
    for request_id in ("request-1", "request-2"):
        output = harness.authorizer(event(token(scope=scope)), SimpleNamespace(aws_request_id=request_id))
        assert output["context"]["decision_id"] == harness.lines[-1]["decision_id"] == request_id
    assert harness.lines[-1]["CacheHits"] == 1, "each use of a cached decision has its own id"


def test_without_log_lines_the_context_contains_no_decision_id() -> None:
    assert "decision_id" not in Harness(log_decisions=False).decide(token())["context"]


def test_timestamps_are_valid_for_log_level_filtering() -> None:
    harness = Harness()
    for _ in range(2):
        assert datetime.fromisoformat(line(harness, token())["timestamp"]).timestamp() == int(harness.clock.wall)
        harness.clock.advance(1.5)


def test_cached_decisions_are_logged() -> None:
    harness = Harness()
    first, second = line(harness, token()), line(harness, token())
    assert (first["CacheHits"], second["CacheHits"]) == (0, 1)
    assert (second["issuer"], second["key_id"], second["client"]) == ("main", "RS256", "client-1")
    assert (first["KeyFetches"], second["KeyFetches"]) == (1, 0)


@pytest.mark.parametrize(
    "claims", [{}, {"scope": ""}, {"aud": "other"}, {"exp": NOW - 60}, {"iss": "https://evil.example.com/"}]
)
def test_lines_contain_nothing_of_the_token_or_its_subject(claims: dict[str, Any]) -> None:
    credentials = token(sub="personal-subject", email="personal@example.com", name="Personal Name", **claims)
    written = json.dumps(line(Harness(), credentials))
    assert "ersonal" not in written
    assert not [part for part in credentials.split(".") if part[:20] in written]


def test_lines_contain_no_unverified_values() -> None:
    harness = Harness(Provider(jwk("RS256")))
    forged = token(header={"kid": "forged-key"}, client_id="forged-client", iss="https://forged.example.com/")
    assert "forged" not in json.dumps(line(harness, forged))
    unsigned = token(client_id="forged-client", key=private_key("RS256", 1))
    written = line(harness, unsigned)
    assert (written["issuer"], written["key_id"], written["client"]) == ("main", "RS256", None)


def test_the_log_can_be_disabled() -> None:
    harness = Harness(log_decisions=False)
    harness.decide(token())
    assert harness.lines == []


def test_a_line_names_the_issuer() -> None:
    other = issuer(name="other", url="https://other.example.com/", key_url="https://idp.example.com/keys")
    assert line(Harness(issuers=(issuer(), other)), token(iss=other.url))["issuer"] == "other"


def test_a_line_goes_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    log.write(b'{"a":1}\n')
    assert capfd.readouterr().out == '{"a":1}\n'
