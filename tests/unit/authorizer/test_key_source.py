"""Keys over time: refreshed before they are stale, kept while the issuer is down, withdrawn when it withdraws them."""

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


class Office(Harness):
    """A harness whose issuer has one key, and which remembers no decisions."""

    def __init__(self) -> None:
        super().__init__(Provider(jwk("ES256")), keys=TIMES)
        self.number = 0

    @property
    def fetches(self) -> int:
        return self.provider.requests.count(KEY_URL)

    def warm_up(self) -> None:
        self.authorizer._issuers[URL].keys.warm_up(TIMES.fetch_timeout)

    def try_one(self, algorithm: str = "ES256", key_id: str | None = None) -> str:
        """What happens to a new token."""
        self.number += 1
        now = int(self.clock.wall)
        made = token(algorithm, {"kid": key_id or algorithm}, jti=str(self.number), exp=now + 60, iat=now)
        with suppress(Exception):
            self.decide(made)
        return self.reason


@pytest.fixture
def office() -> Office:
    return Office()


def test_keys_are_fetched_once(office: Office) -> None:
    assert [office.try_one() for _ in range(3)] == ["ok"] * 3
    assert office.provider.requests == [URL + ".well-known/openid-configuration", KEY_URL]


def test_a_given_key_url_is_asked_without_discovery() -> None:
    harness = Harness(issuers=(issuer(key_url=KEY_URL),))
    harness.decide(token())
    assert harness.provider.requests == [KEY_URL]


@pytest.mark.parametrize(
    "document", [b"{}", b"[]", b"x", json.dumps({"issuer": URL + "x", "jwks_uri": KEY_URL}).encode()]
)
def test_a_discovery_document_of_another_issuer_is_not_believed(office: Office, document: bytes) -> None:
    office.provider.documents[URL + ".well-known/openid-configuration"] = document
    assert office.try_one() == "keys_unavailable"
    assert office.fetches == 0


class TestAge:
    def test_fresh_keys_are_not_fetched_again(self, office: Office) -> None:
        office.try_one()
        office.clock.advance(299)
        assert (office.try_one(), office.fetches) == ("ok", 1)

    def test_old_keys_are_fetched_by_the_next_request(self, office: Office) -> None:
        office.try_one()
        office.clock.advance(300)
        assert (office.try_one(), office.try_one(), office.fetches) == ("ok", "ok", 2)

    def test_a_withdrawn_key_stops_working_within_the_refresh_time(self, office: Office) -> None:
        office.try_one()
        office.provider.publish(jwk("EdDSA"))
        office.clock.advance(299)
        assert office.try_one() == "ok"
        office.clock.advance(1)
        assert office.try_one() == "key_unknown"
        assert office.try_one("EdDSA") == "ok"

    def test_is_told_by_the_wall_clock_where_the_other_stood_still(self, office: Office) -> None:
        """A thaw, or a restore from a snapshot."""
        office.try_one()
        office.clock.wall += 300
        assert (office.try_one(), office.fetches) == ("ok", 2)

    def test_is_told_by_the_monotonic_clock_where_the_other_was_set_back(self, office: Office) -> None:
        office.try_one()
        office.clock.wall -= 10_000
        office.clock.monotonic += 300
        assert (office.try_one(), office.fetches) == ("ok", 2)


class TestOutage:
    def test_known_keys_serve_on_up_to_the_limit_and_then_it_is_our_fault(self, office: Office) -> None:
        office.try_one()
        office.provider.go_down()
        office.clock.advance(3599)
        assert office.try_one() == "ok"
        office.clock.advance(1)
        assert office.try_one() == "keys_unavailable"

    def test_a_failed_refresh_is_tried_again_after_a_while(self, office: Office) -> None:
        office.try_one()
        office.provider.go_down()
        office.clock.advance(300)
        assert [office.try_one() for _ in range(5)] == ["ok"] * 5
        assert office.fetches == 2
        office.clock.advance(5)
        assert (office.try_one(), office.fetches) == ("ok", 3)

    def test_without_any_keys_is_our_fault_and_is_tried_again_after_a_while(self, office: Office) -> None:
        office.provider.go_down()
        assert [office.try_one() for _ in range(5)] == ["keys_unavailable"] * 5
        assert office.fetches == 1
        office.clock.advance(4.9)
        office.provider.publish(jwk("ES256"))
        assert office.try_one() == "keys_unavailable"
        office.clock.advance(0.1)
        assert office.try_one() == "ok"

    def test_an_unknown_key_during_it_may_be_an_honest_one(self, office: Office) -> None:
        office.try_one()
        office.provider.go_down()
        assert office.try_one("EdDSA") == "keys_unavailable"
        assert office.try_one() == "ok"

    def test_that_breaks_the_documents_is_one_too(self, office: Office) -> None:
        office.try_one()
        office.provider.documents[KEY_URL] = b'{"keys":[]}'
        office.clock.advance(300)
        assert office.try_one() == "ok"

    def test_tells_in_its_message_what_is_wrong_and_nothing_of_the_token(self, office: Office) -> None:
        office.provider.go_down()
        with pytest.raises(KeysUnavailable, match=r"^no keys of issuer main: down$"):
            office.decide(token("ES256"))


class TestUnknownKey:
    def test_is_looked_for_at_once(self, office: Office) -> None:
        office.try_one()
        office.provider.publish(jwk("ES256"), jwk("EdDSA"))
        assert (office.try_one("EdDSA"), office.fetches) == ("ok", 2)

    def test_that_is_found_starts_no_cool_down(self, office: Office) -> None:
        """Or the second of two keys that change one after the other would be refused."""
        office.try_one()
        office.provider.publish(jwk("ES256"), jwk("EdDSA"))
        assert (office.try_one("EdDSA"), office.fetches) == ("ok", 2)
        office.provider.publish(jwk("RS256"), jwk("EdDSA"))
        assert (office.try_one("RS256"), office.fetches) == ("ok", 3)
        assert {office.try_one("ES256", f"unknown-{number}") for number in range(20)} == {"key_unknown"}
        assert office.fetches == 4

    def test_causes_one_fetch_per_cool_down(self, office: Office) -> None:
        office.try_one()
        assert {office.try_one("ES256", f"unknown-{number}") for number in range(20)} == {"key_unknown"}
        assert office.fetches == 2
        office.clock.advance(29.9)
        assert (office.try_one("ES256", "unknown"), office.fetches) == ("key_unknown", 2)
        office.clock.advance(0.1)
        assert (office.try_one("ES256", "unknown"), office.fetches) == ("key_unknown", 3)

    def test_causes_one_fetch_per_cool_down_also_when_it_fails(self, office: Office) -> None:
        office.try_one()
        office.provider.go_down()
        assert {office.try_one("ES256", f"unknown-{number}") for number in range(20)} == {"keys_unavailable"}
        assert office.fetches == 2
        office.clock.advance(29.9)
        assert (office.try_one("ES256", "unknown"), office.fetches) == ("keys_unavailable", 2)

    def test_is_not_looked_for_in_a_set_that_was_just_fetched(self, office: Office) -> None:
        assert (office.try_one("ES256", "unknown"), office.fetches) == ("key_unknown", 1)

    def test_is_refused_again_once_the_issuer_is_back(self, office: Office) -> None:
        office.try_one()
        office.provider.go_down()
        assert office.try_one("ES256", "unknown") == "keys_unavailable"
        office.provider.publish(jwk("ES256"))
        office.clock.advance(30)
        assert office.try_one("ES256", "unknown") == "key_unknown"


class TestWarming:
    def test_fetches_ahead_of_the_first_request(self, office: Office) -> None:
        office.warm_up()
        assert office.fetches == 1
        assert (office.try_one(), office.fetches) == ("ok", 1)

    def test_that_fails_leaves_it_to_the_first_request(self, office: Office) -> None:
        office.provider.go_down()
        office.warm_up()
        office.provider.publish(jwk("ES256"))
        assert office.try_one() == "ok"

    def test_fetches_nothing_that_is_there(self, office: Office) -> None:
        office.try_one()
        office.warm_up()
        assert office.fetches == 1

    def test_fetches_the_keys_of_several_issuers_at_the_same_time(self) -> None:
        both = threading.Barrier(2)
        given: list[float] = []

        def fetch(url: str, timeout: float) -> bytes:
            given.append(timeout)
            both.wait(5)  # one after the other, the first would wait for the second in vain
            raise FetchFailed(url)

        issuers = tuple(issuer(name=name, url=f"https://{name}.example.com", key_url=KEY_URL) for name in ("a", "b"))
        made = settings(issuers=issuers, keys=KeySettings(fetch_timeout=2))
        start(made, fetch, ManualClock().as_clock(), emit=lambda _: None)
        assert given == [2, 2]
        assert not both.broken


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"[]", "not a discovery document"),
        (json.dumps({"issuer": "x", "jwks_uri": KEY_URL}).encode(), "the discovery document is another issuer's"),
    ],
)
def test_what_is_wrong_with_the_issuer_is_told(document: bytes, problem: str) -> None:
    harness = Harness()
    harness.provider.documents[URL + ".well-known/openid-configuration"] = document
    with pytest.raises(KeysUnavailable, match=f"^no keys of issuer main: {problem}$"):
        harness.decide(token())


def test_only_slashes_are_taken_off_an_issuers_address() -> None:
    harness = Harness(issuers=(issuer(url=URL + "X/"),))
    with suppress(Exception):
        harness.decide(token(iss=URL + "X/"))
    assert harness.provider.requests == [URL + "X/.well-known/openid-configuration"]


def test_discovery_and_keys_share_one_deadline() -> None:
    clock, given = ManualClock(), list[float]()
    provider = Provider(jwk("ES256"))

    def fetch(url: str, timeout: float) -> bytes:
        given.append(timeout)
        clock.monotonic += 1
        return provider.fetch(url, timeout)

    source = KeySource(issuer(), TIMES, fetch, clock.as_clock())
    source.find("ES256", "ES256")
    assert given == [TIMES.fetch_timeout, TIMES.fetch_timeout - 1]


def test_a_start_with_little_time_fetches_all_the_same() -> None:
    provider = Provider(jwk("ES256"))
    source = KeySource(issuer(), TIMES, provider.fetch, ManualClock().as_clock())
    source.warm_up(0)
    assert provider.requests == []
    source.warm_up(0.5)
    assert len(provider.requests) == 2


def test_who_comes_to_refresh_what_another_has_refreshed_meanwhile_does_not_fetch() -> None:
    provider = Provider(jwk("ES256"))
    source = KeySource(issuer(), TIMES, provider.fetch, ManualClock().as_clock())
    source.find("ES256", "ES256")
    asked = len(provider.requests)
    source._refresh()
    assert len(provider.requests) == asked


def discovery(jwks_uri: str, issuer_url: str = URL) -> bytes:
    return json.dumps({"issuer": issuer_url, "jwks_uri": jwks_uri}).encode()


class TestDiscoveredKeyUrl:
    """What an issuer says where its keys are is checked before anything is fetched from there."""

    @pytest.mark.parametrize(
        "url",
        ["http://127.0.0.1:9001/2018-06-01/runtime/invocation/next", "http://localhost/keys", "http://[::1]/keys",
         "https://localhost/keys", "https://LOCALHOST/keys", "https://a.localhost/keys", "https://127.0.0.2/keys",
         "https://0/keys", "https://2130706433/keys", "https://0x7f.1/keys", "https://0.0.0.0/keys",
         "https://[::ffff:127.0.0.1]/keys", "https://[0:0:0:0:0:0:0:1]/keys", "https://[::]/keys"],
    )  # fmt: skip
    def test_is_not_on_loopback_where_the_issuer_is_not(self, url: str) -> None:
        harness = Harness()
        harness.provider.documents[URL + ".well-known/openid-configuration"] = discovery(url)
        with pytest.raises(KeysUnavailable, match="jwks_uri must not be a loopback address"):
            harness.decide(token())
        assert url not in harness.provider.requests

    @pytest.mark.parametrize("own", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
    def test_may_be_on_loopback_where_the_issuer_is(self, own: str) -> None:
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
    def test_is_bounded_and_never_quoted(self, url: str) -> None:
        harness = Harness()
        harness.provider.documents[URL + ".well-known/openid-configuration"] = discovery(url)
        with pytest.raises(KeysUnavailable) as failed:
            harness.decide(token())
        assert str(failed.value) == ("no keys of issuer main: jwks_uri must be an https URL of at most 512 characters")
        assert "evil" not in json.dumps(harness.lines)

    @pytest.mark.parametrize(
        "host", ["keys.example.com", "localhost.example.com", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"]
    )
    def test_may_be_anywhere_else(self, host: str) -> None:
        assert not parse_endpoint(f"https://{host}/keys").is_loopback

    def test_of_the_longest_is_fetched(self) -> None:
        url = "https://keys.example.com/".ljust(512, "x")
        harness = Harness()
        harness.provider.documents[URL + ".well-known/openid-configuration"] = discovery(url)
        harness.provider.documents[url] = harness.provider.documents[KEY_URL]
        assert harness.decide(token())["principalId"] == "main|alice"

    @pytest.mark.parametrize(
        "member", [b'"issuer":"https://evil.example.com/"', b'"jwks_uri":"https://evil.example.com/"']
    )
    def test_is_not_ambiguous(self, member: bytes) -> None:
        harness = Harness()
        harness.provider.documents[URL + ".well-known/openid-configuration"] = (
            discovery(KEY_URL)[:-1] + b"," + member + b"}"
        )
        with pytest.raises(KeysUnavailable, match="duplicate member in the discovery document"):
            harness.decide(token())


def test_discovery_and_key_set_of_one_host_share_a_connection() -> None:
    heard: list[bytes] = []

    def behave(connection: socket.socket, over: threading.Event) -> None:
        own = f"http://127.0.0.1:{connection.getsockname()[1]}"
        for body in (discovery(own + "/keys", own), jwks(jwk("ES256"))):
            heard.append(connection.recv(65_536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert connection.recv(1) == b"", "the connection is closed once the keys are there"

    with key_server(behave) as server:
        source = KeySource(issuer(url=server.url.removesuffix("/keys")), TIMES)
        assert source.find("ES256", "ES256").key_id == "ES256"
        assert server.connections == 1
    assert [request.splitlines()[0] for request in heard] == [
        b"GET /.well-known/openid-configuration HTTP/1.1",
        b"GET /keys HTTP/1.1",
    ]
    assert [b"Connection: close" in request for request in heard] == [False, True]
