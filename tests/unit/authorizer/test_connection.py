"""A connection keeps to its deadline whatever the network does, and serves on only while it is in order."""

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from authorizer.http import connection
from authorizer.http.connection import Connection, Endpoint, parse_endpoint
from local.processes import wait_until
from tests.security.key_server import key_server, says_nothing, sends
from tests.security.test_outages import MARGIN

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

Address = tuple[int, int, int, str, tuple[str | int, ...]]


def soon(seconds: float = 2.0) -> float:
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
def test_the_authority_leaves_out_what_the_scheme_says(url: str, authority: str) -> None:
    assert parse_endpoint(url).authority == authority


@pytest.mark.parametrize("url", ["http://idp.example.com/", "ftp://localhost/", "https://a@b/", "", "https://x:65536/"])
def test_other_urls_have_no_target(url: str) -> None:
    with pytest.raises(
        ValueError,
        match="^the port must be at most 65535$"
        if "65536" in url
        else "^the URL must be https, or http to a loopback address$",
    ):
        parse_endpoint(url)
    assert parse_endpoint("https://x:65535/").port == 65_535


class TestExchanges:
    """Over a server that answers each request with the same bytes."""

    @staticmethod
    def answering(raw: bytes) -> Callable[[socket.socket, threading.Event], None]:
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
    def test_leave_the_connection_reusable_where_all_was_read(self, raw: bytes, reusable: bool) -> None:
        with key_server(self.answering(raw)) as server, Connection(parse_endpoint(server.url), soon()) as made:
            assert made.is_reusable is False
            head = made.send(REQUEST, soon())
            assert made.is_reusable is False
            made.read(head, 20)
            assert made.is_reusable is reusable

    def test_follow_one_another(self) -> None:
        with key_server(self.answering(OK)) as server, Connection(parse_endpoint(server.url), soon(0.2)) as made:
            for _ in range(3):
                assert made.read(made.send(REQUEST, soon()), 20) == b"{}"
            time.sleep(0.2)
            assert made.read(made.send(REQUEST, soon()), 20) == b"{}", "the deadline is the exchange's, not the first"
            assert server.connections == 1

    def test_do_not_begin_after_their_deadline(self) -> None:
        with key_server(self.answering(OK)) as server:
            made = Connection(parse_endpoint(server.url), soon())
            with made, pytest.raises(TimeoutError):
                made.send(REQUEST, time.monotonic() - 0.01)


@pytest.fixture
def full() -> Iterator[Endpoint]:
    """A place that takes no more connections and refuses none."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield Endpoint(False, "127.0.0.1", server.getsockname()[1], "/")


def test_a_place_that_does_not_take_the_connection_is_left_at_the_deadline(full: Endpoint) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        Connection(full, soon(0.3))
    assert 0.25 < time.monotonic() - started < 0.3 + MARGIN


def resolver(answer: Callable[[], list[Address]], asked: list[Any]) -> Callable[..., list[Address]]:
    def look_up(host: bytes, port: int, **more: Any) -> list[Address]:
        asked.append((host, port, more, threading.current_thread().daemon))
        return answer()

    return look_up


def address(port: int) -> Address:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))


class TestNames:
    def test_are_looked_up_as_they_are_in_a_thread_that_no_exit_waits_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[Any] = []
        with key_server(lambda *_: None) as server:
            port = int(server.url.split(":")[2].removesuffix("/keys"))
            monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: [address(port)], asked))
            Connection(Endpoint(False, "idp.example.com", 8443, "/"), soon()).close()
        assert asked == [(b"idp.example.com", 8443, {"type": socket.SOCK_STREAM}, True)]

    def test_that_take_long_to_look_up_are_left_at_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        over = threading.Event()

        def never() -> list[Address]:
            over.wait(5)
            return []

        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(never, []))
        started = time.monotonic()
        with pytest.raises(OSError, match="no address"):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), soon(0.2))
        assert time.monotonic() - started < 0.2 + MARGIN
        over.set()

    def test_are_not_looked_up_without_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[Any] = []
        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(list, asked))
        with pytest.raises(TimeoutError):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), time.monotonic() - 1)
        assert asked == []

    def test_that_do_not_exist_have_no_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown() -> list[Address]:
            raise socket.gaierror

        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(unknown, []))
        with pytest.raises(OSError, match=r"^no address$"):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), soon())

    def test_with_several_addresses_are_reached_at_the_first_that_answers(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with key_server(lambda *_: None) as server:
            port = int(server.url.split(":")[2].removesuffix("/keys"))
            both = [address(1), address(port)]
            monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: both, []))
            with Connection(Endpoint(False, "idp.example.com", 80, "/"), soon()) as made:
                assert made.endpoint.host == "idp.example.com"

    def test_are_reached_over_ipv4_on_a_host_without_ipv6(self, monkeypatch: pytest.MonkeyPatch) -> None:
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
            with Connection(Endpoint(False, "idp.example.com", 80, "/"), soon()) as made:
                assert made.endpoint.host == "idp.example.com"

    def test_without_a_family_of_this_host_tell_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found: list[Address] = [(99, socket.SOCK_STREAM, 6, "", ("::1", 80))]
        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: found, []))
        with pytest.raises(OSError, match="not supported"):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), soon())

    def test_whose_addresses_all_refuse_tell_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection.socket, "getaddrinfo", resolver(lambda: [address(1)], []))
        with pytest.raises(ConnectionRefusedError):
            Connection(Endpoint(False, "idp.example.com", 80, "/"), soon())


class TestQuiet:
    def test_is_a_connection_of_which_nothing_came_unasked(self) -> None:
        with key_server(TestExchanges.answering(OK)) as server, Connection(parse_endpoint(server.url), soon()) as made:
            assert made.is_idle
            made.read(made.send(REQUEST, soon()), 20)
            assert made.is_idle
            assert made.read(made.send(REQUEST, soon()), 20) == b"{}", "looking changes nothing"

    @pytest.mark.parametrize("pause", [0.0, 0.1])
    def test_is_none_with_something_buffered_or_still_to_be_received(self, pause: float) -> None:
        def behave(peer: socket.socket, over: threading.Event) -> None:
            peer.recv(65_536)
            peer.sendall(OK)
            time.sleep(pause)
            peer.sendall(OK)
            over.wait(5)

        with key_server(behave) as server, Connection(parse_endpoint(server.url), soon()) as made:
            made.read(made.send(REQUEST, soon()), 20)
            assert made.is_reusable
            assert wait_until(lambda: not made.is_idle, seconds=5, interval=0.01)

    def test_is_one_that_was_not_used_whatever_came(self) -> None:
        """With TLS 1.3 a server sends what belongs to the session after the handshake."""
        sent = threading.Event()

        def behave(peer: socket.socket, over: threading.Event) -> None:
            peer.sendall(b"x")
            sent.set()
            over.wait(5)

        with key_server(behave) as server, Connection(parse_endpoint(server.url), soon()) as made:
            assert sent.wait(5)
            assert made.is_idle

    def test_is_none_that_the_other_side_has_closed(self) -> None:
        with key_server(sends(OK)) as server, Connection(parse_endpoint(server.url), soon()) as made:
            made.read(made.send(REQUEST, soon()), 20)
            assert wait_until(lambda: not made.is_idle, seconds=5, interval=0.01)


def test_connecting_and_shaking_hands_have_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(socket.socket):
        def connect(self, address: Any) -> None:
            time.sleep(0.9)
            super().connect(address)

    monkeypatch.setattr(connection.socket, "socket", Slow)
    with key_server(says_nothing) as server:
        place = parse_endpoint(server.url)._replace(secure=True)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            Connection(place, soon(1.0))
        assert time.monotonic() - started < 1.0 + MARGIN, "two deadlines would be 1.9"
