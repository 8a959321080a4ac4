"""Getting one document; what a hostile server can do is in tests/security."""

import pytest

from authorizer.http import fetch
from authorizer.http.connection import parse_endpoint
from authorizer.http.fetch import FetchFailed
from tests.security.key_server import answers, fetched, key_server, sends, trickles


def test_a_document_of_the_greatest_size_is_read_and_a_greater_one_is_not() -> None:
    for size, status in ((fetch.MAX_BYTES, "read"), (fetch.MAX_BYTES + 1, "more than")):
        with key_server(answers(b"x" * size)) as server:
            if status == "read":
                assert len(fetched(server.url, 2)) == size
            else:
                with pytest.raises(FetchFailed, match="more than 262144 bytes"):
                    fetched(server.url, 2)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "^the content is encoded$"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", "the body ends early"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 2\r\n\r\n{}", "status 302"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", "status 201"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}", "the body ends early at http"),
        (b"what?\r\n\r\n", "invalid status line at http"),
        (b"", "a line is too long or incomplete at http"),
    ],
)
def test_a_failure_says_what_is_wrong(raw: bytes, message: str) -> None:
    with key_server(sends(raw)) as server, pytest.raises(FetchFailed, match=message) as failed:
        fetched(server.url, 2)
    assert failed.value.__cause__ is None


def test_a_slow_document_that_comes_in_time_is_read() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with key_server(trickles(raw, pause=0.001)) as server:
        assert fetched(server.url, 2) == b"{}"


def test_the_request_is_for_json_with_the_whole_path() -> None:
    heard: list[bytes] = []

    with key_server(lambda connection, _: heard.append(connection.recv(65_536))) as server:
        with pytest.raises(FetchFailed):
            fetched(server.url + "?p=policy", 1)
        host = server.url.split("/")[2]
    (request,) = heard
    assert request.startswith(b"GET /keys?p=policy HTTP/1.1\r\n")
    assert b"\r\nAccept: application/json\r\n" in request
    assert f"\r\nHost: {host}\r\n".encode() in request
    assert b"uthorization" not in request


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://idp.example.com/a/b?c=d", (True, "idp.example.com", 443, "/a/b?c=d")),
        ("https://idp.example.com:8443", (True, "idp.example.com", 8443, "/")),
        ("http://127.0.0.1/keys", (False, "127.0.0.1", 80, "/keys")),
        ("http://[::1]:8080/keys", (False, "::1", 8080, "/keys")),
        ("http://localhost:1", (False, "localhost", 1, "/")),
    ],
)
def test_a_url_is_taken_apart(url: str, expected: tuple[object, ...]) -> None:
    assert parse_endpoint(url) == expected


def test_a_name_that_does_not_resolve_is_a_failure() -> None:
    with pytest.raises(FetchFailed):
        fetched("https://nothing.invalid/keys", 2)


def test_without_time_nothing_is_asked() -> None:
    with key_server(answers(b"{}")) as server:
        with pytest.raises(FetchFailed, match="TimeoutError"):
            fetched(server.url, 0)
        assert server.connections == 0
