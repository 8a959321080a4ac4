"""Mutated HTTP responses: those that are accepted are parsed as `http.client` and h11 parse them.

Where these two are as lax as each other, only test_responses.py shows that a response is rejected: a chunked HTTP/1.0
response, and Transfer-Encoding beside Content-Length.
"""

import io
import re
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from random import Random
from typing import Any, cast

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from authorizer.http.response import ResponseMalformed, read_body, read_head

Read = tuple[int, bytes]
"""A response's status and body."""

RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n3;x=y\r\na\r\n\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n{} until the end",
    b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
]
LIMIT = 1000
"""Bytes, more than any mutant has."""

DELIMITERS = re.compile(rb"\r\n|\r|\n|[0-9:;. ]")
HOSTILE = [bytes([byte]) for byte in b"\r\n\t :;,01f\0\1\x0b\x0c\x1c\x7f\x85\xa0\xe9("]
SPACED_CODING = re.compile(rb"\nTransfer-Encoding:[^\n]*[ \t]\r?\n")
"""Trailing white space, which `http.client` treats as part of the coding's name."""

ENDS = [b"\n", b"\r", b"\r\r\n", b"\n\r\n", b" \r\n", b""]
FIELDS = [b"Content-Length: 2\r\n", b"Transfer-Encoding: chunked\r\n", b"A: b\r\n", b" folded\r\n"]


def mutate_bytes(raw: bytes, random: Random) -> bytes:
    """Insert, delete, replace, duplicate or swap bytes, usually at a delimiter."""
    delimiters = [found.span() for found in DELIMITERS.finditer(raw)] or [(0, 0)]
    start, end = random.choice(delimiters)
    anywhere = random.randint(0, len(raw))
    start, end = random.choice([(start, end), (start, start), (end, end), (anywhere, anywhere + 1)])
    old = raw[start:end]
    swapped = raw[start : start + 2][::-1] + raw[start + 2 : end]
    return raw[:start] + random.choice([*HOSTILE, b"", old * 2, swapped]) + raw[end:]


def mutate_lines(raw: bytes, random: Random) -> bytes:
    """Insert, delete, duplicate or swap lines, or change a line ending."""
    lines = raw.splitlines(keepends=True) or [b""]
    at = random.randrange(len(lines))
    line, *following = lines[at : at + 2]
    new = random.choice(
        [
            following,
            [line, line, *following],
            [*following, line],
            [line, random.choice(FIELDS), *following],
            [line.rstrip(b"\r\n") + random.choice(ENDS), *following],
        ]
    )
    return b"".join([*lines[:at], *new, *lines[at + 2 :]])


def mutate(raw: bytes, random: Random) -> bytes:
    for _ in range(random.choice([1, 1, 2, 3])):
        raw = random.choice([mutate_bytes, mutate_lines])(raw, random)
    return raw


def parse_with_authorizer(raw: bytes) -> Read | None:
    stream: io.BufferedReader = io.BufferedReader(io.BytesIO(raw))
    try:
        head = read_head(stream)
        return head.status, read_body(stream, head, LIMIT)
    except ResponseMalformed:
        return None


class Socket:
    def __init__(self, raw: bytes) -> None:
        self._stream = io.BytesIO(raw)

    def makefile(self, _mode: str) -> io.BytesIO:
        return self._stream


def parse_with_standard_library(raw: bytes) -> Read | None:
    """Parse with `http.client`, which treats interim responses other than 100 as final ones."""
    connection = cast("Any", Socket(raw))
    found = [HTTPResponse(connection)]  # without this reference, the response would be collected and close the stream
    try:
        found[-1].begin()
        while found[-1].status < 200:
            found.append(HTTPResponse(connection))
            found[-1].begin()
        return found[-1].status, found[-1].read()
    except (HTTPException, ValueError):
        return None


def parse_with_h11(raw: bytes) -> Read | None:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "idp.example.com")]))
    connection.send(h11.EndOfMessage())
    for received in (raw, b""):
        connection.receive_data(received)
    status, body = 0, b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None
    return status, body


READERS: list[Callable[[bytes], Read | None]] = [parse_with_authorizer, parse_with_standard_library, parse_with_h11]


def test_all_parsers_accept_the_original_responses() -> None:
    for raw in RESPONSES:
        first, *others = [read(raw) for read in READERS]
        assert first is not None
        assert others == [first, first]


def test_all_parsers_agree_on_accepted_mutants() -> None:
    accepted: list[bool] = []

    @settings(max_examples=1000)
    @given(st.randoms(use_true_random=True))
    def agree(random: Random) -> None:
        for response in RESPONSES:
            raw = mutate(response, random)
            found = parse_with_authorizer(raw)
            accepted.append(found is not None)
            if found is not None:
                assert parse_with_h11(raw) == found
                assert parse_with_standard_library(raw) == found or SPACED_CODING.search(raw)

    agree()
    assert len(accepted) / 10 < sum(accepted) < len(accepted) * 9 / 10
