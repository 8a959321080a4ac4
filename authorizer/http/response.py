"""Read one HTTP/1.1 response strictly (RFC 9112): its status, header fields and body.

The stream's reads share one deadline (`connection`), so a server that sends slowly cannot delay a request further. The
timeout of `http.client` starts again with every read, and importing it takes 17 ms, for `email.parser`.
"""

import re
from collections.abc import Mapping
from io import BufferedReader
from typing import NamedTuple

MAX_LINE = 8192
"""Bytes of a line, including the line ending."""

MAX_FIELDS = 100
SWITCHING_PROTOCOLS = 101
INTERIM = range(100, 200)
"""Statuses of responses that precede the final one (RFC 9110 §15.2)."""

WITHOUT_BODY = frozenset({204, 304})
"""Statuses whose responses have no body, regardless of their header (RFC 9112 §6.3)."""

CRLF = b"\r\n"

_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
"""No control characters except HTAB (RFC 9110 §5.5)."""

_STATUS = re.compile(rb"(HTTP/1\.[01]) ([1-5][0-9]{2})(?: " + _TEXT + rb")?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(" + _TEXT + rb")")
"""A token before the colon (RFC 9110 §5.6.2): no folded line and no space before the colon (RFC 9112 §5.1, §5.2)."""

_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;" + _TEXT + rb")?\r\n")


class ResponseMalformed(ValueError):
    """The bytes received are not one complete HTTP response."""


class Head(NamedTuple):
    """A response without its body. The names of fields are in lower case."""

    status: int
    fields: Mapping[str, str]
    version: str = "HTTP/1.1"

    @property
    def is_persistent(self) -> bool:
        """Whether the connection can be reused after the body is read (RFC 9112 §9.3).

        Connections are only reused after a response with Content-Length, which DynamoDB sends.
        """
        close = "close" in self.fields.get("connection", "").lower()
        return self.version == "HTTP/1.1" and "content-length" in self.fields and not close


def read_head(stream: BufferedReader) -> Head:
    """Read the head of the final response. Raises ResponseMalformed."""
    while True:
        status, version = _read_status(_read_line(stream))
        fields = _read_fields(stream)
        if status not in INTERIM:
            return Head(status, fields, version)
        _reject_length(fields)
        if status == SWITCHING_PROTOCOLS:
            raise ResponseMalformed("unrequested switch of protocols")


def read_body(stream: BufferedReader, head: Head, limit: int) -> bytes:
    """Read the body (RFC 9112 §6.3): at most `limit` bytes, and one more if it is longer. Raises ResponseMalformed."""
    length, coding = head.fields.get("content-length"), head.fields.get("transfer-encoding")
    if coding is not None:
        # HTTP/1.0 has no chunked coding (§6.1).
        chunked = coding.lower() == "chunked" and head.version == "HTTP/1.1"
        if not chunked or length is not None or head.status in WITHOUT_BODY:
            raise ResponseMalformed("ambiguous length")
        return _read_chunks(stream, limit)
    if length is not None and (not (length.isascii() and length.isdigit()) or len(length) > len(str(2**63))):
        raise ResponseMalformed("the length must be a number")
    if head.status in WITHOUT_BODY:
        return b""
    return stream.read(limit + 1) if length is None else _read_exactly(stream, min(int(length), limit + 1))


def _read_status(line: bytes) -> tuple[int, str]:
    found = _STATUS.fullmatch(line)
    if found is None:
        raise ResponseMalformed("invalid status line")
    return int(found[2]), found[1].decode()


def _read_fields(stream: BufferedReader) -> Mapping[str, str]:
    """Read the fields up to the empty line. The values of a repeated field are joined (RFC 9110 §5.3)."""
    fields: dict[str, str] = {}
    for _ in range(MAX_FIELDS + 1):
        line = _read_line(stream)
        if not line:
            return fields
        found = _FIELD.fullmatch(line)
        if found is None:
            raise ResponseMalformed("invalid header field")
        name, value = found[1].decode().lower(), found[2].strip(b" \t").decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    raise ResponseMalformed(f"more than {MAX_FIELDS} header fields")


def _reject_length(fields: Mapping[str, str]) -> None:
    """Reject a length in interim responses (RFC 9110 §8.6, RFC 9112 §6.1) and trailers (RFC 9110 §6.5.1)."""
    if "content-length" in fields or "transfer-encoding" in fields:
        raise ResponseMalformed("ambiguous length")


def _read_chunks(stream: BufferedReader, limit: int) -> bytes:
    """Read a chunked body (RFC 9112 §7.1): at most `limit` bytes, and one more. Trailer fields are ignored."""
    body = bytearray()
    while len(body) <= limit:
        size = _read_chunk_size(stream)
        if not size:
            _reject_length(_read_fields(stream))
            break
        body += _read_exactly(stream, min(size, limit + 1 - len(body)))
        if len(body) <= limit and _read_exactly(stream, len(CRLF)) != CRLF:
            raise ResponseMalformed("a chunk must end after its size")
    return bytes(body)


def _read_chunk_size(stream: BufferedReader) -> int:
    found = _CHUNK.fullmatch(stream.readline(MAX_LINE))
    if found is None:
        raise ResponseMalformed("invalid chunk size")
    return int(found[1], 16)


def _read_exactly(stream: BufferedReader, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise ResponseMalformed("the body ends early")
    return found


def _read_line(stream: BufferedReader) -> bytes:
    """Read a line of the head without its line ending, which may be a lone LF (RFC 9112 §2.2)."""
    line = stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise ResponseMalformed("a line is too long or incomplete")
    return line[:-1].removesuffix(b"\r")
