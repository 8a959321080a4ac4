"""Keys are refreshed when they are old, used while the issuer is unavailable, and dropped when it withdraws them."""

import json
import socket
import threading
from contextlib import suppress

import pytest

from authorizer.errors import KeysUnavailable
from authorizer.http.connection import parse_endpoint
from authorizer.http.fetch import FetchFailed
from authorizer.key_source import KeySource
from authorizer.settings import KeySettings
from authorizer.startup import start
from tests.security.key_server import key_server
from tests.unit.authorizer.provider import (
    KEY_URL,
    URL,
    Harness,
    ManualClock,
    Provider,
    issuer,
    jwk,
    jwks,
    settings,
    token,
)

TIMES = KeySettings(max_age=300, stale_if_error=3600, cooldown=30, retry_delay=5)


class KeyHarness(Harness):
    """A harness whose issuer has one key."""

    def __init__(self) -> None:
        super().__init__(Provider(jwk("ES256")), keys=TIMES)
        self.number = 0

    @property
    def fetches(self) -> int:
        return self.provider.requests.count(KEY_URL)

    def warm_up(self) -> None:
        self.authorizer._issuers[URL].keys.warm_up(TIMES.fetch_timeout)

    def reason_for(self, algorithm: str = "ES256", key_id: str | None = None) -> str:
        """Return the logged reason for a new token."""
        self.number += 1
        now = int(self.clock.wall)
        made = token(algorithm, {"kid": key_id or algorithm}, jti=str(self.number), exp=now + 60, iat=now)
        with suppress(Exception):
            self.decide(made)
        return self.reason


@pytest.fixture
def harness() -> KeyHarness:
    return KeyHarness()


def test_keys_are_fetched_once(harness: KeyHarness) -> None:
    assert [harness.reason_for() for _ in range(3)] == ["ok"] * 3
    assert harness.provider.requests == [URL + ".well-known/openid-configuration", KEY_URL]


def test_a_configured_key_url_is_fetched_without_discovery() -> None:
    harness = Harness(issuers=(issuer(key_url=KEY_URL),))
    harness.decide(token())
    assert harness.provider.requests == [KEY_URL]


@pytest.mark.parametrize(
    "document", [b"{}", b"[]", b"x", json.dumps({"issuer": URL + "x", "jwks_uri": KEY_URL}).encode()]
)
def test_a_discovery_document_of_another_issuer_is_rejected(harness: KeyHarness, document: bytes) -> None:
    harness.provider.documents[URL + ".well-known/openid-configuration"] = document
    assert harness.reason_for() == "keys_unavailable"
    assert harness.fetches == 0


class TestAge:
    def test_fresh_keys_are_not_refreshed(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.clock.advance(299)
        assert (harness.reason_for(), harness.fetches) == ("ok", 1)

    def test_old_keys_are_refreshed_by_the_next_request(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.clock.advance(300)
        assert (harness.reason_for(), harness.reason_for(), harness.fetches) == ("ok", "ok", 2)

    def test_a_withdrawn_key_is_unknown_after_max_age(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.provider.publish(jwk("EdDSA"))
        harness.clock.advance(299)
        assert harness.reason_for() == "ok"
        harness.clock.advance(1)
        assert harness.reason_for() == "key_unknown"
        assert harness.reason_for("EdDSA") == "ok"

    def test_the_wall_clock_is_used_if_the_monotonic_clock_stood_still(self, harness: KeyHarness) -> None:
        """As after a freeze, or a restore from a snapshot."""
        harness.reason_for()
        harness.clock.wall += 300
        assert (harness.reason_for(), harness.fetches) == ("ok", 2)

    def test_the_monotonic_clock_is_used_if_the_wall_clock_was_set_back(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.clock.wall -= 10_000
        harness.clock.monotonic += 300
        assert (harness.reason_for(), harness.fetches) == ("ok", 2)


class TestOutage:
    def test_cached_keys_are_used_up_to_stale_if_error(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.provider.go_down()
        harness.clock.advance(3599)
        assert harness.reason_for() == "ok"
        harness.clock.advance(1)
        assert harness.reason_for() == "keys_unavailable"

    def test_a_failed_refresh_is_retried_after_the_retry_delay(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.provider.go_down()
        harness.clock.advance(300)
        assert [harness.reason_for() for _ in range(5)] == ["ok"] * 5
        assert harness.fetches == 2
        harness.clock.advance(5)
        assert (harness.reason_for(), harness.fetches) == ("ok", 3)

    def test_without_keys_requests_fail_until_the_retry_delay_has_passed(self, harness: KeyHarness) -> None:
        harness.provider.go_down()
        assert [harness.reason_for() for _ in range(5)] == ["keys_unavailable"] * 5
        assert harness.fetches == 1
        harness.clock.advance(4.9)
        harness.provider.publish(jwk("ES256"))
        assert harness.reason_for() == "keys_unavailable"
        harness.clock.advance(0.1)
        assert harness.reason_for() == "ok"

    def test_an_unknown_key_id_is_a_fault_because_the_key_may_exist(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.provider.go_down()
        assert harness.reason_for("EdDSA") == "keys_unavailable"
        assert harness.reason_for() == "ok"

    def test_a_malformed_key_set_does_not_replace_cached_keys(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.provider.documents[KEY_URL] = b'{"keys":[]}'
        harness.clock.advance(300)
        assert harness.reason_for() == "ok"

    def test_the_message_contains_the_cause_and_nothing_of_the_token(self, harness: KeyHarness) -> None:
        harness.provider.go_down()
        with pytest.raises(KeysUnavailable, match=r"^no keys of issuer main: down$"):
            harness.decide(token("ES256"))


class TestUnknownKey:
    def test_it_is_searched_for_immediately(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.provider.publish(jwk("ES256"), jwk("EdDSA"))
        assert (harness.reason_for("EdDSA"), harness.fetches) == ("ok", 2)

    def test_a_successful_search_starts_no_cooldown(self, harness: KeyHarness) -> None:
        """Otherwise, the second of two keys that are rotated in succession would be rejected."""
        harness.reason_for()
        harness.provider.publish(jwk("ES256"), jwk("EdDSA"))
        assert (harness.reason_for("EdDSA"), harness.fetches) == ("ok", 2)
        harness.provider.publish(jwk("RS256"), jwk("EdDSA"))
        assert (harness.reason_for("RS256"), harness.fetches) == ("ok", 3)
        assert {harness.reason_for("ES256", f"unknown-{number}") for number in range(20)} == {"key_unknown"}
        assert harness.fetches == 4

    def test_it_causes_one_fetch_per_cooldown(self, harness: KeyHarness) -> None:
        harness.reason_for()
        assert {harness.reason_for("ES256", f"unknown-{number}") for number in range(20)} == {"key_unknown"}
        assert harness.fetches == 2
        harness.clock.advance(29.9)
        assert (harness.reason_for("ES256", "unknown"), harness.fetches) == ("key_unknown", 2)
        harness.clock.advance(0.1)
        assert (harness.reason_for("ES256", "unknown"), harness.fetches) == ("key_unknown", 3)

    def test_it_causes_one_fetch_per_cooldown_if_fetches_fail(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.provider.go_down()
        assert {harness.reason_for("ES256", f"unknown-{number}") for number in range(20)} == {"keys_unavailable"}
        assert harness.fetches == 2
        harness.clock.advance(29.9)
        assert (harness.reason_for("ES256", "unknown"), harness.fetches) == ("keys_unavailable", 2)

    def test_it_causes_no_second_fetch_by_the_same_request(self, harness: KeyHarness) -> None:
        assert (harness.reason_for("ES256", "unknown"), harness.fetches) == ("key_unknown", 1)

    def test_it_is_rejected_again_after_the_outage(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.provider.go_down()
        assert harness.reason_for("ES256", "unknown") == "keys_unavailable"
        harness.provider.publish(jwk("ES256"))
        harness.clock.advance(30)
        assert harness.reason_for("ES256", "unknown") == "key_unknown"


class TestWarmUp:
    def test_it_fetches_keys_before_the_first_request(self, harness: KeyHarness) -> None:
        harness.warm_up()
        assert harness.fetches == 1
        assert (harness.reason_for(), harness.fetches) == ("ok", 1)

    def test_a_failure_is_retried_by_the_first_request(self, harness: KeyHarness) -> None:
        harness.provider.go_down()
        harness.warm_up()
        harness.provider.publish(jwk("ES256"))
        assert harness.reason_for() == "ok"

    def test_it_does_not_refresh_cached_keys(self, harness: KeyHarness) -> None:
        harness.reason_for()
        harness.warm_up()
        assert harness.fetches == 1

    def test_it_fetches_the_keys_of_several_issuers_at_the_same_time(self) -> None:
        both = threading.Barrier(2)
        timeouts: list[float] = []

        def fetch(url: str, timeout: float) -> bytes:
            timeouts.append(timeout)
            both.wait(5)  # sequential fetches would time out here
            raise FetchFailed(url)

        issuers = tuple(issuer(name=name, url=f"https://{name}.example.com", key_url=KEY_URL) for name in ("a", "b"))
        made = settings(issuers=issuers, keys=KeySettings(fetch_timeout=2))
        start(made, fetch, ManualClock().as_clock(), emit=lambda _: None)
        assert timeouts == [2, 2]
        assert not both.broken


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"[]", "not a discovery document"),
        (json.dumps({"issuer": "x", "jwks_uri": KEY_URL}).encode(), "the discovery document is another issuer's"),
    ],
)
def test_the_message_states_what_is_wrong_with_the_discovery_document(document: bytes, problem: str) -> None:
    harness = Harness()
    harness.provider.documents[URL + ".well-known/openid-configuration"] = document
    with pytest.raises(KeysUnavailable, match=f"^no keys of issuer main: {problem}$"):
        harness.decide(token())


def test_only_trailing_slashes_are_removed_from_the_issuer_url() -> None:
    harness = Harness(issuers=(issuer(url=URL + "X/"),))
    with suppress(Exception):
        harness.decide(token(iss=URL + "X/"))
    assert harness.provider.requests == [URL + "X/.well-known/openid-configuration"]


def test_discovery_and_keys_share_one_deadline() -> None:
    clock, timeouts = ManualClock(), list[float]()
    provider = Provider(jwk("ES256"))

    def fetch(url: str, timeout: float) -> bytes:
        timeouts.append(timeout)
        clock.monotonic += 1
        return provider.fetch(url, timeout)

    source = KeySource(issuer(), TIMES, fetch, clock.as_clock())
    source.find("ES256", "ES256")
    assert timeouts == [TIMES.fetch_timeout, TIMES.fetch_timeout - 1]


def test_a_warm_up_without_time_fetches_nothing() -> None:
    provider = Provider(jwk("ES256"))
    source = KeySource(issuer(), TIMES, provider.fetch, ManualClock().as_clock())
    source.warm_up(0)
    assert provider.requests == []
    source.warm_up(0.5)
    assert len(provider.requests) == 2


def test_keys_that_another_thread_has_refreshed_are_not_refreshed_again() -> None:
    provider = Provider(jwk("ES256"))
    source = KeySource(issuer(), TIMES, provider.fetch, ManualClock().as_clock())
    source.find("ES256", "ES256")
    fetches = len(provider.requests)
    source._refresh()
    assert len(provider.requests) == fetches


def discovery(jwks_uri: str, issuer_url: str = URL) -> bytes:
    return json.dumps({"issuer": issuer_url, "jwks_uri": jwks_uri}).encode()


class TestDiscoveredKeyUrl:
    """The `jwks_uri` of a discovery document is checked before it is fetched."""

    @pytest.mark.parametrize(
        "url",
        ["http://127.0.0.1:9001/2018-06-01/runtime/invocation/next", "http://localhost/keys", "http://[::1]/keys",
         "https://localhost/keys", "https://LOCALHOST/keys", "https://a.localhost/keys", "https://127.0.0.2/keys",
         "https://0/keys", "https://2130706433/keys", "https://0x7f.1/keys", "https://0.0.0.0/keys",
         "https://[::ffff:127.0.0.1]/keys", "https://[0:0:0:0:0:0:0:1]/keys", "https://[::]/keys"],
    )  # fmt: skip
    def test_a_loopback_address_is_rejected_for_another_issuer(self, url: str) -> None:
        harness = Harness()
        harness.provider.documents[URL + ".well-known/openid-configuration"] = discovery(url)
        with pytest.raises(KeysUnavailable, match="jwks_uri must not be a loopback address"):
            harness.decide(token())
        assert url not in harness.provider.requests

    @pytest.mark.parametrize("own", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
    def test_a_loopback_address_is_accepted_for_an_issuer_on_loopback(self, own: str) -> None:
        provider = Provider(jwk("ES256"))
        provider.documents[own + "/.well-known/openid-configuration"] = discovery("http://127.0.0.1:2/keys", own)
        provider.documents["http://127.0.0.1:2/keys"] = provider.documents[KEY_URL]
        source = KeySource(issuer(url=own), TIMES, provider.fetch, ManualClock().as_clock())
        assert source.find("ES256", "ES256").key_id == "ES256"

    @pytest.mark.parametrize(
        "url",
        ["https://evil.example.com/" + "x" * 200_000, "https://evil.example.com/\r\nlevel: INFO", "https://evil\x1b[2J",
         "https://evil.example.com/\x9b2J", "https://evil.example.com/\u2028", "http://evil.example.com/",
         "javascript:evil"],
    )  # fmt: skip
    def test_a_rejected_url_is_not_in_the_message(self, url: str) -> None:
        harness = Harness()
        harness.provider.documents[URL + ".well-known/openid-configuration"] = discovery(url)
        with pytest.raises(KeysUnavailable) as failed:
            harness.decide(token())
        assert str(failed.value) == ("no keys of issuer main: jwks_uri must be an https URL of at most 512 characters")
        assert "evil" not in json.dumps(harness.lines)

    @pytest.mark.parametrize(
        "host", ["keys.example.com", "localhost.example.com", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"]
    )
    def test_other_hosts_are_not_loopback(self, host: str) -> None:
        assert not parse_endpoint(f"https://{host}/keys").is_loopback

    def test_a_url_of_the_largest_length_is_accepted(self) -> None:
        url = "https://keys.example.com/".ljust(512, "x")
        harness = Harness()
        harness.provider.documents[URL + ".well-known/openid-configuration"] = discovery(url)
        harness.provider.documents[url] = harness.provider.documents[KEY_URL]
        assert harness.decide(token())["principalId"] == "main|alice"

    @pytest.mark.parametrize(
        "member", [b'"issuer":"https://evil.example.com/"', b'"jwks_uri":"https://evil.example.com/"']
    )
    def test_duplicate_members_are_rejected(self, member: bytes) -> None:
        harness = Harness()
        harness.provider.documents[URL + ".well-known/openid-configuration"] = (
            discovery(KEY_URL)[:-1] + b"," + member + b"}"
        )
        with pytest.raises(KeysUnavailable, match="duplicate member in the discovery document"):
            harness.decide(token())


def test_discovery_and_key_set_of_one_host_share_a_connection() -> None:
    requests: list[bytes] = []

    def behave(connection: socket.socket, over: threading.Event) -> None:
        own = f"http://127.0.0.1:{connection.getsockname()[1]}"
        for body in (discovery(own + "/keys", own), jwks(jwk("ES256"))):
            requests.append(connection.recv(65_536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert connection.recv(1) == b"", "the connection must be closed after the last document"

    with key_server(behave) as server:
        source = KeySource(issuer(url=server.url.removesuffix("/keys")), TIMES)
        assert source.find("ES256", "ES256").key_id == "ES256"
        assert server.connections == 1
    assert [request.splitlines()[0] for request in requests] == [
        b"GET /.well-known/openid-configuration HTTP/1.1",
        b"GET /keys HTTP/1.1",
    ]
    assert [b"Connection: close" in request for request in requests] == [False, True]
