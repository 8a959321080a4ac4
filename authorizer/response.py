"""One HTTP/1.1 response, read strictly (RFC 9112): status, the header fields that matter, the body.

The standard library's client would read it too, but it brings a parser of mails, which takes a cold start longer than
all of the authorizer's own modules.
"""

from collections.abc import Mapping
from io import BufferedReader
from typing import NamedTuple

MAX_LINE = 8192
"""Bytes of a line of the header."""

MAX_FIELDS = 100
INTERIM = range(100, 200)
"""Statuses of responses that another one follows (RFC 9110 §15.2)."""

_HEX = frozenset(b"0123456789abcdefABCDEF")


class ResponseMalformed(ValueError):
    """What came is not one whole HTTP response."""


class Head(NamedTuple):
    """A response without its body; names of fields are in lower case."""

    status: int
    fields: Mapping[str, str]
    version: str = "HTTP/1.1"

    @property
    def persistent(self) -> bool:
        """Whether the connection serves on once the body is read (RFC 9112 §9.3).

        After a chunked body it does not: its trailer fields are left unread.
        """
        close = "close" in self.fields.get("connection", "").lower()
        return self.version == "HTTP/1.1" and "content-length" in self.fields and not close


def read_head(stream: BufferedReader) -> Head:
    """The head of the final response. Raises ResponseMalformed."""
    while True:
        status, version = _status(_line(stream))
        fields = _fields(stream)
        if status not in INTERIM:
            return Head(status, fields, version)


def read_body(stream: BufferedReader, head: Head, limit: int) -> bytes:
    """The body (RFC 9112 §6.3); of one that is longer, so many bytes and one more. Raises ResponseMalformed."""
    length, coding = head.fields.get("content-length"), head.fields.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise ResponseMalformed("the length is not clear")
        return _chunks(stream, limit)
    if length is None:
        return stream.read(limit + 1)
    if not (length.isascii() and length.isdigit()) or len(length) > len(str(2**63)):
        raise ResponseMalformed("the length is not a number")
    return _exactly(stream, min(int(length), limit + 1))


def _status(line: bytes) -> tuple[int, str]:
    version, _, rest = line.partition(b" ")
    code = rest[:3]
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not code.isdigit() or len(code) < len("200") or rest[3:4].strip():
        raise ResponseMalformed("no status line")
    return int(code), version.decode()


def _fields(stream: BufferedReader) -> Mapping[str, str]:
    """The fields up to the empty line. One that comes twice is the list of both (RFC 9110 §5.3)."""
    found: dict[str, str] = {}
    for _ in range(MAX_FIELDS + 1):
        line = _line(stream)
        if not line:
            return found
        name, colon, value = line.decode("latin-1").partition(":")
        # Neither a folded line (RFC 9112 §5.2) nor space before the colon (§5.1) is taken for anything.
        if not colon or not name or name != name.strip():
            raise ResponseMalformed("no header field")
        name, value = name.lower(), value.strip()
        found[name] = f"{found[name]}, {value}" if name in found else value
    raise ResponseMalformed(f"more than {MAX_FIELDS} header fields")


def _chunks(stream: BufferedReader, limit: int) -> bytes:
    """A chunked body (RFC 9112 §7.1); trailer fields are not read, for nothing comes after them."""
    body = b""
    while len(body) <= limit:
        size = _line(stream).partition(b";")[0].rstrip()
        if not size or not _HEX.issuperset(size) or len(size) > len("ffffffff"):
            raise ResponseMalformed("no chunk size")
        length = int(size, 16)
        if not length:
            return body
        body += _exactly(stream, min(length, limit + 1 - len(body)))
        if len(body) <= limit and _line(stream):
            raise ResponseMalformed("a chunk is longer than its size")
    return body


def _exactly(stream: BufferedReader, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise ResponseMalformed("the document ends early")
    return found


def _line(stream: BufferedReader) -> bytes:
    line = stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise ResponseMalformed("a line does not end")
    return line[:-1].removesuffix(b"\r")
