"""HTTP responses are read as RFC 9112 says, or not at all."""

import io
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authorizer.response import MAX_FIELDS, MAX_LINE, ResponseMalformed, read_body, read_head

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LIMIT = 20


def stream_of(raw: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(raw))


def body_of(raw: bytes) -> bytes:
    stream = stream_of(raw)
    return read_body(stream, read_head(stream), LIMIT)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (OK + b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (OK + b"content-length:2\r\n\r\n{}and more", b"{}"),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        (OK + b"Content-Length: 30\r\n\r\n" + b"x" * 30, b"x" * (LIMIT + 1)),
        (OK + b"Content-Length: 9" + b"0" * 18 + b"\r\n\r\n" + b"x" * 30, b"x" * (LIMIT + 1)),
        (OK + b"\r\n{} until the end", b"{} until the end"),
        (OK + b"\r\n" + b"x" * 30, b"x" * (LIMIT + 1)),
        (b"HTTP/1.0 200 OK\n\n{}", b"{}"),
        (b"HTTP/1.1 200\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", b"{}"),
        (CHUNKED + b"1;name=value\r\n{\r\n00001 \r\n}\r\n0\r\nTrailer: x\r\n\r\n", b"{}"),
        (CHUNKED + b"0\r\n\r\n", b""),
        (CHUNKED + b"14\r\n" + b"x" * LIMIT + b"\r\n0\r\n\r\n", b"x" * LIMIT),
        (CHUNKED + b"00000002\r\n{}\r\n0\r\n\r\n", b"{}"),
        (OK + b"A: b\r\n" * (MAX_FIELDS - 1) + b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (CHUNKED + b"F\r\n" + b"x" * 15 + b"\r\nf\r\n" + b"x" * 15 + b"\r\n0\r\n\r\n", b"x" * (LIMIT + 1)),
    ],
)
def test_a_body_is_as_long_as_its_response_says(raw: bytes, body: bytes) -> None:
    assert body_of(raw) == body


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "a line does not end"),
        (b"HTTP/1.1 200 OK", "a line does not end"),
        (OK + b"Content-Length: 2\r\n", "a line does not end"),
        (b"HTTP/1.1 " + b"x" * MAX_LINE, "a line does not end"),
        (OK + b"A: " + b"x" * MAX_LINE + b"\r\n\r\n", "a line does not end"),
        (b"HTTP/2 200 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1 -20 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1  200 OK\r\n\r\n", "no status line"),
        (OK + b"Content-Length\r\n\r\n", "no header field"),
        (OK + b"Content-Length : 2\r\n\r\n{}", "no header field"),
        (OK + b"A: b\r\n Content-Length: 2\r\n\r\n{}", "no header field"),
        (OK + b": 2\r\n\r\n{}", "no header field"),
        (OK + b"\rA: b\r\n\r\n", "no header field"),
        (OK + b"A: b\r\n" * (MAX_FIELDS + 1) + b"\r\n", "more than 100 header fields"),
        (OK + b"Content-Length: -2\r\n\r\n{}", "the length is not a number"),
        (OK + b"Content-Length: 2, 2\r\n\r\n{}", "the length is not a number"),
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "the length is not a number"),
        (OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", "the length is not a number"),
        (OK + b"Content-Length: 0x2\r\n\r\n{}", "the length is not a number"),
        (OK + b"Content-Length: \xb2\r\n\r\n{}", "the length is not a number"),
        (OK + b"Content-Length: 3\r\n\r\n{}", "the document ends early"),
        (CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "the length is not clear"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "the length is not clear"),
        (CHUNKED + b"3\r\n{}", "the document ends early"),
        (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", "a chunk is longer than its size"),
        (CHUNKED + b"14\r\n" + b"x" * LIMIT + b"y\r\n0\r\n\r\n", "a chunk is longer than its size"),
        (CHUNKED + b"2\r\n{}", "a line does not end"),
        (CHUNKED + b"14\r\n" + b"x" * LIMIT + b"\r\n", "a line does not end"),
        (CHUNKED + b"\r\n{}", "no chunk size"),
        (CHUNKED + b"-2\r\n{}\r\n", "no chunk size"),
        (CHUNKED + b"0x2\r\n{}\r\n", "no chunk size"),
        (CHUNKED + b"2_2\r\n{}\r\n", "no chunk size"),
        (CHUNKED + b"f" * 9 + b"\r\n", "no chunk size"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(ResponseMalformed, match=f"^{reason}$"):
        body_of(raw)


def test_fields_are_found_in_any_case_and_joined() -> None:
    stream = stream_of(OK + b"A-b: 1\r\na-B:  2 \r\nTime: 10:20\nEmpty:\r\n\r\n")
    head = read_head(stream)
    assert head.status == 200
    assert head.fields == {"a-b": "1, 2", "time": "10:20", "empty": ""}


@pytest.mark.parametrize(
    ("raw", "persistent"),
    [
        (OK + b"Content-Length: 0\r\n\r\n", True),
        (OK + b"Content-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (OK + b"Content-Length: 0\r\nConnection: Close\r\n\r\n", False),
        (OK + b"Content-Length: 0\r\nConnection: x, close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (OK + b"\r\n", False),
        (CHUNKED, False),
    ],
)
def test_a_connection_persists_where_the_end_of_the_response_is_clear(raw: bytes, persistent: bool) -> None:
    assert read_head(stream_of(raw)).persistent is persistent


class Socket:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.raw)


def by_the_standard_library(raw: bytes) -> tuple[int, bytes] | None:
    found = HTTPResponse(cast("Any", Socket(raw)))
    try:
        found.begin()
        return found.status, found.read()
    except (HTTPException, ValueError):
        return None


@settings(derandomize=True, max_examples=500, deadline=None, database=None)
@given(
    st.lists(
        st.sampled_from(
            [b"Content-Length: 2", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"A: b", b"HTTP/1.1 200 OK",
             b"HTTP/1.1 100 Continue", b"2", b"{}", b"0", b"", b"", b" folded", b"5;x", b"12345"]
        ),
        max_size=9,
    )
)  # fmt: skip
def test_what_is_read_is_what_the_standard_library_reads(lines: list[bytes]) -> None:
    raw = b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b""])
    stream = stream_of(raw)
    try:
        head = read_head(stream)
        found = head.status, read_body(stream, head, 1000)
    except ResponseMalformed:
        return
    assert found == by_the_standard_library(raw)
