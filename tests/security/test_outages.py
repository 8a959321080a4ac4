"""A slow, faulty or hostile identity provider must not make the API unavailable."""

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
from local.processes import wait_until
from tests.security.key_server import (
    Behaviour,
    closes,
    fetch_document,
    key_server,
    responds_with,
    sends,
    sends_endlessly,
    sends_slowly,
    stays_silent,
)
from tests.unit.authorizer.provider import ManualClock, event, issuer, jwk, jwks, settings, token

KEYS = jwks(jwk("ES256"))
OTHER_KEYS = jwks(jwk("EdDSA"))
TIMEOUT = 0.3
PATIENT = 3.0
"""A timeout, in seconds, for fetches that succeed, even on a busy machine."""

MARGIN = 3.0
"""Seconds of delay that are tolerated on a busy machine; the outages last at least five seconds."""

OUTAGES: dict[str, Behaviour] = {
    "says_nothing": stays_silent,
    "hangs_up": closes,
    "is_slow": responds_with(KEYS, delay=5),
    "trickles_its_header": sends_slowly(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: 0123456789\r\n" * 100),
    "trickles_its_body": sends_slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b" " * 900),
    "answers_500": responds_with(b"{}", "500 Internal Server Error"),
    "answers_404": responds_with(KEYS, "404 Not Found"),
    "answers_204": sends(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "redirects": responds_with(KEYS, "302 Found", "Location: http://127.0.0.1:1/keys"),
    "redirects_permanently": responds_with(KEYS, "308 Permanent Redirect", "Location: http://127.0.0.1:1/keys"),
    "has_a_huge_body": responds_with(b'{"keys":[],"x":"' + b"x" * 300_000 + b'"}'),
    "announces_a_huge_body": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + KEYS),
    "never_stops": sends_endlessly,
    "ends_early": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + KEYS),
    "breaks_a_chunk": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nxx"),
    "compresses": responds_with(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip"),
    "speaks_something_else": sends(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "has_endless_headers": sends(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"),
    "has_an_endless_header": sends(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000),
    "serves_html": responds_with(b"<html>sign in</html>"),
    "serves_no_key": responds_with(b'{"keys":[]}'),
    "serves_another_document": responds_with(b'{"issuer":"https://idp.example.com/"}'),
    "serves_a_list": responds_with(b"[" + KEYS + b"]"),
    "serves_invalid_utf_8": responds_with(b'{"keys":["\xff"]}'),
    "serves_deep_nesting": responds_with(b'{"keys":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
}


def authorizer(url: str, clock: ManualClock | None = None, *, timeout: float = PATIENT) -> Authorizer:
    times = KeySettings(fetch_timeout=timeout, refresh_timeout=timeout)
    made = settings(issuers=(issuer(key_url=url),), keys=times, log_decisions=False)
    return Authorizer(made, clock=(clock or ManualClock()).as_clock())


def timed(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


@pytest.mark.parametrize("outage", OUTAGES)
class TestOutage:
    def test_without_cached_keys_it_is_a_fault_within_the_timeout(self, outage: str) -> None:
        with key_server(OUTAGES[outage]) as server:
            authorize = authorizer(server.url, timeout=TIMEOUT)

            def attempt() -> None:
                with pytest.raises(KeysUnavailable) as failed:
                    authorize(event(token("ES256")), None)
                assert "eyJ" not in str(failed.value)
                assert failed.value.__context__ is None

            assert timed(attempt) < TIMEOUT + MARGIN
            assert server.connections == 1
            attempt()
            assert server.connections == 1, "the failure must be cached for a while"

    def test_with_cached_keys_valid_tokens_are_accepted(self, outage: str) -> None:
        clock = ManualClock()
        with key_server(responds_with(KEYS)) as server:
            authorize = authorizer(server.url, clock, timeout=TIMEOUT)
            authorize(event(token("ES256")), None)
            server.behaviour = OUTAGES[outage]
            clock.advance(301)
            late = timed(lambda: authorize(event(token("ES256", jti="2")), None))
            assert late < TIMEOUT + MARGIN
            authorize(event(token("ES256", jti="3")), None)
            assert server.connections == 2, "the failure must be cached for a while"

    def test_recovery_needs_no_restart(self, outage: str) -> None:
        clock = ManualClock()
        with key_server(OUTAGES[outage]) as server:
            authorize = authorizer(server.url, clock, timeout=TIMEOUT)
            with pytest.raises(Fault):
                authorize(event(token("ES256")), None)
            server.behaviour = responds_with(KEYS)
            clock.advance(6)
            assert authorize(event(token("ES256")), None)["principalId"] == "main|alice"


def test_a_hundred_threads_with_unknown_keys_cause_one_fetch() -> None:
    with key_server(responds_with(KEYS, delay=0.1)) as server:
        authorize = authorizer(server.url)
        authorize(event(token("ES256")), None)
        start = threading.Barrier(100)

        def attempt(number: int) -> str:
            start.wait()
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                authorize(event(token("ES256", header={"kid": f"unknown-{number}"})), None)
            return "unauthorized"

        with ThreadPoolExecutor(100) as pool:
            assert set(pool.map(attempt, range(100))) == {"unauthorized"}
        assert server.connections == 2


def test_a_hundred_threads_with_unknown_keys_cause_one_failing_fetch() -> None:
    with key_server(responds_with(KEYS)) as server:
        authorize = authorizer(server.url)
        authorize(event(token("ES256")), None)
        server.behaviour = responds_with(b"", "500 Internal Server Error", delay=0.1)
        start = threading.Barrier(100)

        def attempt(number: int) -> None:
            start.wait()
            with pytest.raises(KeysUnavailable):
                authorize(event(token("ES256", header={"kid": f"unknown-{number}"})), None)

        with ThreadPoolExecutor(100) as pool:
            list(pool.map(attempt, range(100)))
        assert server.connections == 2
        assert authorize(event(token("ES256", jti="2")), None)["principalId"] == "main|alice"


def test_a_hundred_threads_at_a_cold_start_cause_one_fetch() -> None:
    with key_server(responds_with(KEYS, delay=0.1)) as server:
        authorize = authorizer(server.url)
        with ThreadPoolExecutor(100) as pool:
            outputs = list(pool.map(lambda number: authorize(event(token("ES256", jti=str(number))), None), range(100)))
        assert len(outputs) == 100
        assert server.connections == 1


def silent_until_released() -> tuple[Behaviour, threading.Event]:
    """Return the behaviour of a server that sends nothing, and the event at which it closes the connections."""
    released = threading.Event()

    def behave(connection: socket.socket, over: threading.Event) -> None:
        released.wait(10)

    return behave, released


def test_a_known_key_does_not_wait_for_the_search_for_an_unknown_one() -> None:
    with key_server(responds_with(KEYS)) as server:
        authorize = authorizer(server.url)
        authorize(event(token("ES256")), None)
        server.behaviour, release = silent_until_released()
        with ThreadPoolExecutor(1) as pool:
            searching = pool.submit(authorize, event(token("EdDSA")), None)
            assert wait_until(lambda: server.connections == 2, seconds=10, interval=0.01)
            authorize(event(token("ES256", jti="2")), None)
            assert not searching.done()
            release.set()
            assert isinstance(searching.exception(), KeysUnavailable)


def test_a_known_key_does_not_wait_for_a_refresh_by_another_request() -> None:
    clock = ManualClock()
    with key_server(responds_with(KEYS)) as server:
        authorize = authorizer(server.url, clock)
        authorize(event(token("ES256")), None)
        server.behaviour, release = silent_until_released()
        clock.advance(301)
        with ThreadPoolExecutor(1) as pool:
            refreshing = pool.submit(authorize, event(token("ES256", jti="2")), None)
            assert wait_until(lambda: server.connections == 2, seconds=10, interval=0.01)
            authorize(event(token("ES256", jti="3")), None)
            assert not refreshing.done()
            release.set()
            assert refreshing.result()["principalId"] == "main|alice"


def test_no_valid_token_is_rejected_while_keys_rotate() -> None:
    with key_server(responds_with(KEYS)) as server:
        authorize = authorizer(server.url)
        authorize(event(token("ES256")), None)
        server.behaviour = responds_with(OTHER_KEYS)
        assert authorize(event(token("EdDSA")), None)["principalId"] == "main|alice"


@pytest.mark.parametrize("header", ["Connection: close", "Connection: keep-alive", "X-Powered-By: PHP/5"])
def test_keys_are_read_whether_or_not_the_server_closes_the_connection(header: str) -> None:
    with key_server(responds_with(KEYS, "200 OK", header)) as server:
        assert fetch_document(server.url, 1) == KEYS


def test_keys_without_a_content_length_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(KEYS), KEYS)
    for raw in (chunked, b"HTTP/1.0 200 OK\r\n\r\n" + KEYS):
        with key_server(sends(raw)) as server:
            assert fetch_document(server.url, 1) == KEYS


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
def test_an_insecure_url_is_not_fetched(url: str) -> None:
    with pytest.raises(FetchFailed, match="the URL must be https, or http to a loopback address"):
        fetch_document(url, 0.1)


def test_a_secure_url_is_not_fetched_from_a_server_without_a_certificate() -> None:
    with key_server(responds_with(KEYS)) as server, pytest.raises(FetchFailed):
        fetch_document(server.url.replace("http:", "https:"), 0.5)


def test_a_discovered_key_url_must_be_secure_too() -> None:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        port = connection.getsockname()[1]
        document = f'{{"issuer":"http://127.0.0.1:{port}","jwks_uri":"http://192.0.2.1/keys"}}'
        responds_with(document.encode())(connection, over)

    with key_server(behave) as server:
        url = server.url.removesuffix("/keys")
        authorize = Authorizer(
            settings(issuers=(issuer(url=url),), log_decisions=False), clock=ManualClock().as_clock()
        )
        with pytest.raises(KeysUnavailable, match="jwks_uri must be an https URL of at most 512 characters"):
            authorize(event(token("ES256", iss=url)), None)
        assert server.connections == 1
