"""The identity provider is slow, broken or hostile: an outage of its own and not of the API."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from authorizer.authorizer import Authorizer
from authorizer.errors import Fault, KeysUnavailable
from authorizer.http.fetch import FetchFailed
from authorizer.settings import KeySettings
from tests.security.key_server import (
    Behaviour,
    answers,
    fetched,
    hangs_up,
    key_server,
    pours,
    says_nothing,
    sends,
    trickles,
)
from tests.unit.authorizer.provider import ManualClock, event, issuer, jwk, jwks, settings, token

KEYS = jwks(jwk("ES256"))
OTHER_KEYS = jwks(jwk("EdDSA"))
PATIENCE = 0.3
MARGIN = 0.7
"""Seconds by which a busy machine may be late."""

OUTAGES: dict[str, Behaviour] = {
    "says_nothing": says_nothing,
    "hangs_up": hangs_up,
    "is_slow": answers(KEYS, delay=5),
    "trickles_its_header": trickles(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: 0123456789\r\n" * 100),
    "trickles_its_body": trickles(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b" " * 900),
    "answers_500": answers(b"{}", "500 Internal Server Error"),
    "answers_404": answers(KEYS, "404 Not Found"),
    "answers_204": sends(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "redirects": answers(KEYS, "302 Found", "Location: http://127.0.0.1:1/keys"),
    "redirects_permanently": answers(KEYS, "308 Permanent Redirect", "Location: http://127.0.0.1:1/keys"),
    "has_a_huge_body": answers(b'{"keys":[],"x":"' + b"x" * 300_000 + b'"}'),
    "announces_a_huge_body": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + KEYS),
    "never_stops": pours,
    "ends_early": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + KEYS),
    "breaks_a_chunk": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nxx"),
    "compresses": answers(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip"),
    "speaks_something_else": sends(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "has_endless_headers": sends(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"),
    "has_an_endless_header": sends(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000),
    "serves_html": answers(b"<html>sign in</html>"),
    "serves_no_key": answers(b'{"keys":[]}'),
    "serves_another_document": answers(b'{"issuer":"https://idp.example.com/"}'),
    "serves_a_list": answers(b"[" + KEYS + b"]"),
    "serves_invalid_utf_8": answers(b'{"keys":["\xff"]}'),
    "serves_deep_nesting": answers(b'{"keys":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
}


def authorizer(url: str, clock: ManualClock | None = None) -> Authorizer:
    times = KeySettings(fetch_timeout=PATIENCE, refresh_timeout=PATIENCE)
    made = settings(issuers=(issuer(key_url=url),), keys=times, log_decisions=False)
    return Authorizer(made, clock=(clock or ManualClock()).as_clock())


def timed(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


@pytest.mark.parametrize("outage", OUTAGES)
class TestOutage:
    def test_without_keys_is_a_fault_within_the_deadline_and_not_unauthorized(self, outage: str) -> None:
        with key_server(OUTAGES[outage]) as server:
            asked = authorizer(server.url)

            def ask() -> None:
                with pytest.raises(KeysUnavailable) as failed:
                    asked(event(token("ES256")), None)
                assert "eyJ" not in str(failed.value)
                assert failed.value.__context__ is None

            assert timed(ask) < PATIENCE + MARGIN
            assert server.connections == 1
            assert timed(ask) < 0.1, "the failure is remembered for a while"
            assert server.connections == 1

    def test_with_keys_does_not_turn_honest_clients_away(self, outage: str) -> None:
        clock = ManualClock()
        with key_server(answers(KEYS)) as server:
            asked = authorizer(server.url, clock)
            asked(event(token("ES256")), None)
            server.behaviour = OUTAGES[outage]
            clock.advance(301)
            late = timed(lambda: asked(event(token("ES256", jti="2")), None))
            assert late < PATIENCE + MARGIN
            assert server.connections == 2
            assert timed(lambda: asked(event(token("ES256", jti="3")), None)) < 0.1

    def test_ends_without_a_restart(self, outage: str) -> None:
        clock = ManualClock()
        with key_server(OUTAGES[outage]) as server:
            asked = authorizer(server.url, clock)
            with pytest.raises(Fault):
                asked(event(token("ES256")), None)
            server.behaviour = answers(KEYS)
            clock.advance(6)
            assert asked(event(token("ES256")), None)["principalId"] == "main|alice"


def test_a_hundred_threads_with_unknown_keys_cause_one_fetch() -> None:
    with key_server(answers(KEYS, delay=0.1)) as server:
        asked = authorizer(server.url)
        asked(event(token("ES256")), None)
        start = threading.Barrier(100)

        def ask(number: int) -> str:
            start.wait()
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                asked(event(token("ES256", header={"kid": f"unknown-{number}"})), None)
            return "unauthorized"

        with ThreadPoolExecutor(100) as pool:
            assert set(pool.map(ask, range(100))) == {"unauthorized"}
        assert server.connections == 2


def test_a_hundred_threads_with_unknown_keys_cause_one_fetch_when_it_fails_too() -> None:
    with key_server(answers(KEYS)) as server:
        asked = authorizer(server.url)
        asked(event(token("ES256")), None)
        server.behaviour = answers(b"", "500 Internal Server Error", delay=0.1)
        start = threading.Barrier(100)

        def ask(number: int) -> None:
            start.wait()
            with pytest.raises(KeysUnavailable):
                asked(event(token("ES256", header={"kid": f"unknown-{number}"})), None)

        with ThreadPoolExecutor(100) as pool:
            list(pool.map(ask, range(100)))
        assert server.connections == 2
        assert asked(event(token("ES256", jti="2")), None)["principalId"] == "main|alice"


def test_a_hundred_threads_at_a_cold_start_cause_one_fetch() -> None:
    with key_server(answers(KEYS, delay=0.1)) as server:
        asked = authorizer(server.url)
        with ThreadPoolExecutor(100) as pool:
            answered = list(pool.map(lambda number: asked(event(token("ES256", jti=str(number))), None), range(100)))
        assert len(answered) == 100
        assert server.connections == 1


def test_a_known_key_does_not_wait_behind_a_search_for_an_unknown_one() -> None:
    with key_server(answers(KEYS)) as server:
        asked = authorizer(server.url)
        asked(event(token("ES256")), None)
        server.behaviour = says_nothing
        with ThreadPoolExecutor(1) as pool:
            searching = pool.submit(asked, event(token("EdDSA")), None)
            while server.connections < 2:
                time.sleep(0.001)
            assert timed(lambda: asked(event(token("ES256", jti="2")), None)) < PATIENCE / 2
            assert not searching.done()
            assert isinstance(searching.exception(), KeysUnavailable)


def test_a_known_key_does_not_wait_behind_anothers_refresh() -> None:
    clock = ManualClock()
    with key_server(answers(KEYS)) as server:
        asked = authorizer(server.url, clock)
        asked(event(token("ES256")), None)
        server.behaviour = says_nothing
        clock.advance(301)
        with ThreadPoolExecutor(1) as pool:
            refreshing = pool.submit(asked, event(token("ES256", jti="2")), None)
            while server.connections < 2:
                time.sleep(0.001)
            assert timed(lambda: asked(event(token("ES256", jti="3")), None)) < PATIENCE / 2
            assert not refreshing.done()
            assert refreshing.result()["principalId"] == "main|alice"


def test_no_honest_request_fails_while_keys_rotate() -> None:
    with key_server(answers(KEYS)) as server:
        asked = authorizer(server.url)
        asked(event(token("ES256")), None)
        server.behaviour = answers(OTHER_KEYS)
        assert asked(event(token("EdDSA")), None)["principalId"] == "main|alice"


@pytest.mark.parametrize("header", ["Connection: close", "Connection: keep-alive", "X-Powered-By: PHP/5"])
def test_keys_are_read_to_the_end_from_a_server_that_hangs_up_or_does_not(header: str) -> None:
    with key_server(answers(KEYS, "200 OK", header)) as server:
        assert fetched(server.url, 1) == KEYS


def test_keys_without_an_announced_length_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(KEYS), KEYS)
    for raw in (chunked, b"HTTP/1.0 200 OK\r\n\r\n" + KEYS):
        with key_server(sends(raw)) as server:
            assert fetched(server.url, 1) == KEYS


def test_a_refused_connection_is_a_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(KeysUnavailable):
        authorizer(f"http://127.0.0.1:{port}/keys")(event(token("ES256")), None)


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example.com/keys",
        "http://127.0.0.1.example.com/keys",
        "http://127.0.0.1@example.com/keys",
        "http://localhost.example.com/keys",
        "http://0.0.0.0/keys",
        "http://169.254.169.254/latest/meta-data",
        "http://[::2]/keys",
        "https://user:password@example.com/keys",
        "https://example.com\\@127.0.0.1/keys",
        "https://example.com/keys#fragment",
        "https://example.com/k eys",
        "ftp://example.com/keys",
        "file:///etc/passwd",
        "//example.com/keys",
        "",
    ],
)
def test_a_url_that_is_not_secure_is_not_fetched(url: str) -> None:
    with pytest.raises(FetchFailed, match="the URL must be https, or http to a loopback address"):
        fetched(url, 0.1)


def test_a_secure_url_is_not_fetched_from_a_server_without_a_certificate() -> None:
    with key_server(answers(KEYS)) as server, pytest.raises(FetchFailed):
        fetched(server.url.replace("http:", "https:"), 0.5)


def test_a_discovered_key_url_must_be_secure_too() -> None:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        port = connection.getsockname()[1]
        document = f'{{"issuer":"http://127.0.0.1:{port}","jwks_uri":"http://192.0.2.1/keys"}}'
        answers(document.encode())(connection, over)

    with key_server(behave) as server:
        url = server.url.removesuffix("/keys")
        asked = Authorizer(settings(issuers=(issuer(url=url),), log_decisions=False), clock=ManualClock().as_clock())
        with pytest.raises(KeysUnavailable, match="jwks_uri must be an https URL of at most 512 characters"):
            asked(event(token("ES256", iss=url)), None)
        assert server.connections == 1
