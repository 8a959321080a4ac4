"""HTTP responses are parsed as RFC 9112 requires, or rejected."""

import io

import pytest

from authorizer.http.response import MAX_FIELDS, MAX_LINE, ResponseMalformed, read_body, read_head

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
        (CHUNKED + b"1;name=value\r\n{\r\n00001\r\n}\r\n0\r\nTrailer: x\r\n\r\n", b"{}"),
        (CHUNKED + b'2;name="\tvalue"\r\n{}\r\n0;last\r\n\r\n', b"{}"),
        (OK + b"Transfer-Encoding: \t Chunked \t\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}"),
        (OK + b"Content-Length:\t 2 \t\r\nA: b\tc \xe9\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 200 \tAll is w\xe9ll\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}", b""),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n{}", b""),
        (CHUNKED + b"0\r\n\r\n", b""),
        (CHUNKED + b"14\r\n" + b"x" * LIMIT + b"\r\n0\r\n\r\n", b"x" * LIMIT),
        (CHUNKED + b"00000002\r\n{}\r\n0\r\n\r\n", b"{}"),
        (OK + b"A: b\r\n" * (MAX_FIELDS - 1) + b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (CHUNKED + b"F\r\n" + b"x" * 15 + b"\r\nf\r\n" + b"x" * 15 + b"\r\n0\r\n\r\n", b"x" * (LIMIT + 1)),
    ],
)
def test_the_body_has_the_length_in_the_header(raw: bytes, body: bytes) -> None:
    assert body_of(raw) == body


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "a line is too long or incomplete"),
        (b"HTTP/1.1 200 OK", "a line is too long or incomplete"),
        (OK + b"Content-Length: 2\r\n", "a line is too long or incomplete"),
        (b"HTTP/1.1 " + b"x" * MAX_LINE, "a line is too long or incomplete"),
        (OK + b"A: " + b"x" * MAX_LINE + b"\r\n\r\n", "a line is too long or incomplete"),
        (b"HTTP/2 200 OK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 -20 OK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1  200 OK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 200\tOK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 600 OK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 200 O\rK\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 200 O\0K\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 200 OK\r\r\n\r\n", "invalid status line"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + OK + b"\r\n{}", "unrequested switch of protocols"),
        (OK + b"Content-Length\r\n\r\n", "invalid header field"),
        (OK + b"Content-Length : 2\r\n\r\n{}", "invalid header field"),
        (OK + b"A: b\r\n Content-Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b": 2\r\n\r\n{}", "invalid header field"),
        (OK + b"\rA: b\r\n\r\n", "invalid header field"),
        (OK + b"A: b\rContent-Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"Content-Length: 2\r\r\n\r\n{}", "invalid header field"),
        (OK + b"Content-Length: 2\r\n\r\r\n{}", "invalid header field"),
        (OK + b"A: b\0\r\nContent-Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"A: \x01\r\nContent-Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"A: \x7f\r\nContent-Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"Content-Length: \x0b2\r\n\r\n{}", "invalid header field"),
        (OK + b"Content-Length: 2\x0c\r\n\r\n{}", "invalid header field"),
        (OK + b"Transfer-Encoding: chunked\x1c\r\n\r\n0\r\n\r\n", "invalid header field"),
        (OK + b"(A): b\r\nContent-Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"Content Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"Content-L\xe9ngth: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"\0Content-Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"\xa0Content-Length: 2\r\n\r\n{}", "invalid header field"),
        (OK + b"A: b\r\n" * (MAX_FIELDS + 1) + b"\r\n", "more than 100 header fields"),
        (OK + b"Content-Length: -2\r\n\r\n{}", "the length must be a number"),
        (OK + b"Content-Length: 2, 2\r\n\r\n{}", "the length must be a number"),
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "the length must be a number"),
        (OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", "the length must be a number"),
        (OK + b"Content-Length: 0x2\r\n\r\n{}", "the length must be a number"),
        (OK + b"Content-Length: \xb2\r\n\r\n{}", "the length must be a number"),
        (OK + b"Content-Length: \xa02\r\n\r\n{}", "the length must be a number"),
        (OK + b"Content-Length: 2\x85\r\n\r\n{}", "the length must be a number"),
        (OK + b"Content-Length: 3\r\n\r\n{}", "the body ends early"),
        (CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "ambiguous length"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "ambiguous length"),
        (OK + b"Transfer-Encoding: \x85chunked\r\n\r\n0\r\n\r\n", "ambiguous length"),
        (OK + b"Transfer-Encoding: chunked\xa0\r\n\r\n0\r\n\r\n", "ambiguous length"),
        (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "ambiguous length"),
        (b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "ambiguous length"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n", "the length must be a number"),
        (b"HTTP/1.0" + CHUNKED[8:] + b"2\r\n{}\r\n0\r\n\r\n", "ambiguous length"),
        (CHUNKED + b"3\r\n{}", "the body ends early"),
        (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", "a chunk must end after its size"),
        (CHUNKED + b"14\r\n" + b"x" * LIMIT + b"y\r\n0\r\n\r\n", "a chunk must end after its size"),
        (CHUNKED + b"2\r\n{}\n0\r\n\r\n", "a chunk must end after its size"),
        (CHUNKED + b"2\r\n{}\r0\r\n\r\n", "a chunk must end after its size"),
        (CHUNKED + b"2\r\n{}\n\r\n0\r\n\r\n", "a chunk must end after its size"),
        (CHUNKED + b"2\r\n{}", "the body ends early"),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", "a line is too long or incomplete"),
        (CHUNKED + b"2\r\n{}\r\n0\r\nno field\r\n\r\n", "invalid header field"),
        (CHUNKED + b"2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n", "ambiguous length"),
        (b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n" + OK + b"\r\n{}", "ambiguous length"),
        (b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: x\r\n\r\n" + OK + b"\r\n{}", "ambiguous length"),
        (CHUNKED + b"14\r\n" + b"x" * LIMIT + b"\r\n", "invalid chunk size"),
        (CHUNKED + b"2\n{}\r\n0\r\n\r\n", "invalid chunk size"),
        (CHUNKED + b"2\r\r\n{}\r\n0\r\n\r\n", "invalid chunk size"),
        (CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n", "invalid chunk size"),
        (CHUNKED + b"2;a\rb\r\n{}\r\n0\r\n\r\n", "invalid chunk size"),
        (CHUNKED + b"2;a\0\r\n{}\r\n0\r\n\r\n", "invalid chunk size"),
        (CHUNKED + b"2;" + b"a" * MAX_LINE + b"\r\n{}\r\n0\r\n\r\n", "invalid chunk size"),
        (CHUNKED + b"\r\n{}", "invalid chunk size"),
        (CHUNKED + b"-2\r\n{}\r\n", "invalid chunk size"),
        (CHUNKED + b"0x2\r\n{}\r\n", "invalid chunk size"),
        (CHUNKED + b"2_2\r\n{}\r\n", "invalid chunk size"),
        (CHUNKED + b"f" * 9 + b"\r\n", "invalid chunk size"),
    ],
)
def test_an_ambiguous_or_malformed_response_is_rejected(raw: bytes, reason: str) -> None:
    with pytest.raises(ResponseMalformed, match=f"^{reason}"):
        body_of(raw)


def test_field_names_are_case_insensitive_and_repeated_fields_are_joined() -> None:
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
def test_a_connection_is_persistent_if_the_response_has_a_length(raw: bytes, persistent: bool) -> None:
    assert read_head(stream_of(raw)).is_persistent is persistent
