"""Fetching a document; tests/security has the hostile servers."""

import pytest

from authorizer.http import fetch
from authorizer.http.connection import parse_endpoint
from authorizer.http.fetch import FetchFailed
from tests.security.key_server import fetch_document, key_server, responds_with, sends, sends_slowly


def test_a_document_of_the_largest_size_is_read_and_a_larger_one_is_rejected() -> None:
    for size, status in ((fetch.MAX_BYTES, "read"), (fetch.MAX_BYTES + 1, "more than")):
        with key_server(responds_with(b"x" * size)) as server:
            if status == "read":
                assert len(fetch_document(server.url, 2)) == size
            else:
                with pytest.raises(FetchFailed, match="more than 262144 bytes"):
                    fetch_document(server.url, 2)


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
def test_the_message_states_the_cause(raw: bytes, message: str) -> None:
    with key_server(sends(raw)) as server, pytest.raises(FetchFailed, match=message) as failed:
        fetch_document(server.url, 2)
    assert failed.value.__cause__ is None


def test_a_slow_document_is_read_within_the_timeout() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with key_server(sends_slowly(raw, pause=0.001)) as server:
        assert fetch_document(server.url, 2) == b"{}"


def test_the_request_accepts_json_and_contains_the_query() -> None:
    requests: list[bytes] = []

    with key_server(lambda connection, _: requests.append(connection.recv(65_536))) as server:
        with pytest.raises(FetchFailed):
            fetch_document(server.url + "?p=policy", 1)
        host = server.url.split("/")[2]
    (request,) = requests
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
def test_a_url_is_parsed(url: str, expected: tuple[object, ...]) -> None:
    assert parse_endpoint(url) == expected


def test_an_unresolvable_name_is_an_error() -> None:
    with pytest.raises(FetchFailed):
        fetch_document("https://nothing.invalid/keys", 2)


def test_no_request_is_sent_without_time() -> None:
    with key_server(responds_with(b"{}")) as server:
        with pytest.raises(FetchFailed, match="TimeoutError"):
            fetch_document(server.url, 0)
        assert server.connections == 0
