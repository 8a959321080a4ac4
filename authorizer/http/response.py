"""Read one HTTP/1.1 response strictly (RFC 9112): its status, header fields and body.

The stream's reads share one deadline (`connection`), so a server that sends slowly cannot hold a request any longer.
The timeout of `http.client` starts again with every read; importing it also adds 17 ms to a cold start, for
`email.parser`.
"""

import re
from collections.abc import Mapping
from io import BufferedReader
from typing import NamedTuple

MAX_LINE = 8192
"""Bytes of a line, including its end."""

MAX_FIELDS = 100
SWITCHING_PROTOCOLS = 101
INTERIM = range(100, 200)
"""Statuses of responses that precede the final one (RFC 9110 §15.2)."""

WITHOUT_BODY = frozenset({204, 304})
"""Statuses whose responses have no body, whatever their header says (RFC 9112 §6.3)."""

CRLF = b"\r\n"

_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
"""No control characters but HTAB (RFC 9110 §5.5)."""

_STATUS = re.compile(rb"(HTTP/1\.[01]) ([1-5][0-9]{2})(?: " + _TEXT + rb")?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(" + _TEXT + rb")")
"""A token before the colon (RFC 9110 §5.6.2): no folded line and no space before the colon (RFC 9112 §5.1, §5.2)."""

_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;" + _TEXT + rb")?\r\n")


class ResponseMalformed(ValueError):
    """The bytes received are not one complete HTTP response."""


class Head(NamedTuple):
    """A response without its body; names of fields are in lower case."""

    status: int
    fields: Mapping[str, str]
    version: str = "HTTP/1.1"

    @property
    def is_persistent(self) -> bool:
        """Whether the connection can be reused once the body is read (RFC 9112 §9.3).

        Connections are only reused after a Content-Length, which is what DynamoDB sends.
        """
        close = "close" in self.fields.get("connection", "").lower()
        return self.version == "HTTP/1.1" and "content-length" in self.fields and not close


def read_head(stream: BufferedReader) -> Head:
    """Read the head of the final response. Raises ResponseMalformed."""
    while True:
        status, version = _status(_line(stream))
        fields = _fields(stream)
        if status not in INTERIM:
            return Head(status, fields, version)
        _check_no_length(fields)
        if status == SWITCHING_PROTOCOLS:
            raise ResponseMalformed("a switch of protocols that was not requested")


def read_body(stream: BufferedReader, head: Head, limit: int) -> bytes:
    """Read the body (RFC 9112 §6.3): at most `limit` bytes, and one more if it is longer. Raises ResponseMalformed."""
    length, coding = head.fields.get("content-length"), head.fields.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None or not _may_be_chunked(head):
            raise ResponseMalformed("the length is not clear")
        return _chunks(stream, limit)
    if length is not None and (not (length.isascii() and length.isdigit()) or len(length) > len(str(2**63))):
        raise ResponseMalformed("the length is not a number")
    if head.status in WITHOUT_BODY:
        return b""
    return stream.read(limit + 1) if length is None else _exactly(stream, min(int(length), limit + 1))


def _may_be_chunked(head: Head) -> bool:
    """Whether the framing can be trusted to be chunked: HTTP/1.0 does not know the coding (RFC 9112 §6.1)."""
    return head.version == "HTTP/1.1" and head.status not in WITHOUT_BODY


def _status(line: bytes) -> tuple[int, str]:
    found = _STATUS.fullmatch(line)
    if found is None:
        raise ResponseMalformed("no status line")
    return int(found[2]), found[1].decode()


def _fields(stream: BufferedReader) -> Mapping[str, str]:
    """Read the fields up to the empty line. The values of a repeated field are joined (RFC 9110 §5.3)."""
    fields: dict[str, str] = {}
    for _ in range(MAX_FIELDS + 1):
        line = _line(stream)
        if not line:
            return fields
        found = _FIELD.fullmatch(line)
        if found is None:
            raise ResponseMalformed("no header field")
        name, value = found[1].decode().lower(), found[2].strip(b" \t").decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    raise ResponseMalformed(f"more than {MAX_FIELDS} header fields")


def _check_no_length(fields: Mapping[str, str]) -> None:
    """Neither interim responses (RFC 9110 §8.6, RFC 9112 §6.1) nor trailers (RFC 9110 §6.5.1) may carry a length."""
    if "content-length" in fields or "transfer-encoding" in fields:
        raise ResponseMalformed("the length is not clear")


def _chunks(stream: BufferedReader, limit: int) -> bytes:
    """Read a chunked body (RFC 9112 §7.1) up to `limit` bytes and one more; its trailer fields are ignored."""
    body = bytearray()
    while len(body) <= limit:
        size = _chunk_size(stream)
        if not size:
            _check_no_length(_fields(stream))
            break
        body += _exactly(stream, min(size, limit + 1 - len(body)))
        if len(body) <= limit and _exactly(stream, len(CRLF)) != CRLF:
            raise ResponseMalformed("a chunk is longer than its size")
    return bytes(body)


def _chunk_size(stream: BufferedReader) -> int:
    found = _CHUNK.fullmatch(stream.readline(MAX_LINE))
    if found is None:
        raise ResponseMalformed("no chunk size")
    return int(found[1], 16)


def _exactly(stream: BufferedReader, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise ResponseMalformed("the document ends early")
    return found


def _line(stream: BufferedReader) -> bytes:
    """Read a line of the head without its end, which may be a lone LF (RFC 9112 §2.2)."""
    line = stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise ResponseMalformed("a line does not end")
    return line[:-1].removesuffix(b"\r")
