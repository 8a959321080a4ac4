"""Connections respect their deadline in every network condition, and are reused only in a clean state."""

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from authorizer.http import connection
from authorizer.http.connection import Connection, Endpoint, parse_endpoint
from local.processes import wait_until
from tests.security.key_server import closes, key_server, sends
from tests.security.test_outages import MARGIN

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

Address = tuple[int, int, int, str, tuple[str | int, ...]]


def deadline_in(seconds: float = 2.0) -> float:
    return time.monotonic() + seconds


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://idp.example.com/a", "idp.example.com"),
        ("https://idp.example.com:443/", "idp.example.com"),
        ("https://idp.example.com:80/", "idp.example.com:80"),
        ("http://localhost/", "localhost"),
        ("http://127.0.0.1:443/", "127.0.0.1:443"),
        ("http://[::1]/", "[::1]"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_the_authority_omits_the_default_port(url: str, authority: str) -> None:
    assert parse_endpoint(url).authority == authority


@pytest.mark.parametrize("url", ["http://idp.example.com/", "ftp://localhost/", "https://a@b/", "", "https://x:65536/"])
def test_other_urls_are_rejected(url: str) -> None:
    with pytest.raises(
        ValueError,
        match="^the port must be at most 65535$"
        if "65536" in url
        else "^the URL must be https, or http to a loopback address$",
    ):
        parse_endpoint(url)
    assert parse_endpoint("https://x:65535/").port == 65_535


class TestExchanges:
    """Exchanges with a server that answers each request with the same bytes."""

    @staticmethod
    def responding(raw: bytes) -> Callable[[socket.socket, threading.Event], None]:
        def behave(peer: socket.socket, _: threading.Event) -> None:
            while peer.recv(65_536):
                peer.sendall(raw)

        return behave

    @pytest.mark.parametrize(
        ("raw", "reusable"),
        [
            (OK, True),
            (OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), False),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"x" * 20, True),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + b"x" * 30, False),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        ],
    )
    def test_a_connection_is_reusable_if_the_whole_response_was_read(self, raw: bytes, reusable: bool) -> None:
        with (
            key_server(self.responding(raw)) as server,
            closing(Connection(parse_endpoint(server.url), deadline_in())) as made,
        ):
            assert made.is_reusable is False
            head = made.send(REQUEST, deadline_in())
            assert made.is_reusable is False
            made.read(head, 20)
            assert made.is_reusable is reusable

    def test_exchanges_on_one_connection_have_separate_deadlines(self) -> None:
        with (
            key_server(self.responding(OK)) as server,
            closing(Connection(parse_endpoint(server.url), deadline_in(0.2))) as made,
        ):
            for _ in range(3):
                assert made.read(made.send(REQUEST, deadline_in()), 20) == b"{}"
            time.sleep(0.2)
            assert made.read(made.send(REQUEST, deadline_in()), 20) == b"{}", "each exchange has its own deadline"
            assert server.connections == 1

    def test_an_exchange_does_not_begin_after_its_deadline(self) -> None:
        with key_server(self.responding(OK)) as server:
            made = Connection(parse_endpoint(server.url), deadline_in())
            with closing(made), pytest.raises(TimeoutError):
                made.send(REQUEST, time.monotonic() - 0.01)


@pytest.fixture
def full_server() -> Iterator[Endpoint]:
    """Return the endpoint of a server whose backlog is full_server: it neither accepts nor refuses connections."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield Endpoint(False, "127.0.0.1", server.getsockname()[1], "/")


def test_connecting_to_a_full_server_ends_at_the_deadline(full_server: Endpoint) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        Connection(full_server, deadline_in(0.3))
    assert 0.25 < time.monotonic() - started < 0.3 + MARGIN


def resolver(answer: Callable[[], list[Address]], lookups: list[Any]) -> Callable[..., list[Address]]:
    def look_up(host: bytes, port: int, **more: Any) -> list[Address]:
        lookups.append((host, port, more, threading.current_thread().daemon))
        return answer()

    return look_up


def address(port: int) -> Address:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))


class TestNameResolution:
    def test_a_name_is_resolved_in_a_daemon_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lookups: list[Any] = []
        with key_server(lambda *_: None) as server:
            port = int(server.url.split(":")[2].removesuffix("/keys"))
            monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: [address(port)], lookups))
            Connection(Endpoint(False, "idp.example.com", 8443, "/"), deadline_in()).close()
        assert lookups == [(b"idp.example.com", 8443, {"type": socket.SOCK_STREAM}, True)]

    def test_slow_resolution_ends_at_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        over = threading.Event()

        def never() -> list[Address]:
            over.wait(5)
            return []

        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(never, []))
        started = time.monotonic()
        with pytest.raises(OSError, match="no address"):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), deadline_in(0.2))
        assert time.monotonic() - started < 0.2 + MARGIN
        over.set()

    def test_a_name_is_not_resolved_after_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lookups: list[Any] = []
        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(list, lookups))
        with pytest.raises(TimeoutError):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), time.monotonic() - 1)
        assert lookups == []

    def test_an_unknown_name_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown() -> list[Address]:
            raise socket.gaierror

        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(unknown, []))
        with pytest.raises(OSError, match=r"^no address$"):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), deadline_in())

    def test_the_first_address_that_accepts_the_connection_is_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with key_server(lambda *_: None) as server:
            port = int(server.url.split(":")[2].removesuffix("/keys"))
            both = [address(1), address(port)]
            monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: both, []))
            with closing(Connection(Endpoint(False, "idp.example.com", 80, "/"), deadline_in())) as made:
                assert made._socket.getpeername() == ("127.0.0.1", port)

    def test_ipv4_is_used_on_a_host_without_ipv6(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class OnlyIpv4(socket.socket):
            def __init__(self, family: int = -1, *arguments: int, **more: Any) -> None:
                if family == socket.AF_INET6:
                    raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
                super().__init__(family, *arguments, **more)

        with key_server(lambda *_: None) as server:
            port = int(server.url.split(":")[2].removesuffix("/keys"))
            both: list[Address] = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)), address(port)]
            monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: both, []))
            monkeypatch.setattr(connection.socket, "socket", OnlyIpv4)
            with closing(Connection(Endpoint(False, "idp.example.com", 80, "/"), deadline_in())) as made:
                assert made._socket.getpeername() == ("127.0.0.1", port)

    def test_an_unsupported_address_family_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found: list[Address] = [(99, socket.SOCK_STREAM, 6, "", ("::1", 80))]
        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: found, []))
        with pytest.raises(OSError, match="not supported"):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), deadline_in())

    def test_refusal_by_all_addresses_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: [address(1)], []))
        with pytest.raises(ConnectionRefusedError):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), deadline_in())


class TestIdle:
    def test_a_connection_without_unexpected_data_is_idle(self) -> None:
        with (
            key_server(TestExchanges.responding(OK)) as server,
            closing(Connection(parse_endpoint(server.url), deadline_in())) as made,
        ):
            assert made.is_idle
            made.read(made.send(REQUEST, deadline_in()), 20)
            assert made.is_idle
            assert made.read(made.send(REQUEST, deadline_in()), 20) == b"{}", "checking must not consume data"

    @pytest.mark.parametrize("pause", [0.0, 0.1])
    def test_a_connection_with_unexpected_data_is_not_idle(self, pause: float) -> None:
        def behave(peer: socket.socket, over: threading.Event) -> None:
            peer.recv(65_536)
            peer.sendall(OK)
            time.sleep(pause)
            peer.sendall(OK)
            over.wait(5)

        with key_server(behave) as server, closing(Connection(parse_endpoint(server.url), deadline_in())) as made:
            made.read(made.send(REQUEST, deadline_in()), 20)
            assert made.is_reusable
            assert wait_until(lambda: not made.is_idle, seconds=5, interval=0.01)

    def test_a_new_connection_is_idle_even_if_data_was_received(self) -> None:
        """With TLS 1.3, a server sends session tickets after the handshake."""
        sent = threading.Event()

        def behave(peer: socket.socket, over: threading.Event) -> None:
            peer.sendall(b"x")
            sent.set()
            over.wait(5)

        with key_server(behave) as server, closing(Connection(parse_endpoint(server.url), deadline_in())) as made:
            assert sent.wait(5)
            assert made.is_idle

    def test_a_closed_connection_is_not_idle(self) -> None:
        with key_server(sends(OK)) as server, closing(Connection(parse_endpoint(server.url), deadline_in())) as made:
            made.read(made.send(REQUEST, deadline_in()), 20)
            assert wait_until(lambda: not made.is_idle, seconds=5, interval=0.01)


def test_connecting_and_the_tls_handshake_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[Any] = []

    class Slow(socket.socket):
        def settimeout(self, value: float | None) -> None:
            timeouts.append(value)
            super().settimeout(value)

        def connect(self, address: Any) -> None:
            time.sleep(0.2)
            super().connect(address)

    monkeypatch.setattr(connection.socket, "socket", Slow)
    with key_server(closes) as server:
        endpoint = parse_endpoint(server.url)._replace(secure=True)
        with pytest.raises(OSError, match=r"."):
            Connection(endpoint, deadline_in(20))
    connecting, handshake = timeouts[:2]
    assert handshake <= connecting - 0.2
