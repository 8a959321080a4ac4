"""API Gateway's events in, responses out: payload formats 1.0 (REST APIs) and 2.0 (HTTP APIs) alike."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn, cast

import msgspec

from handlers.contract import FieldError
from handlers.problems import BadRequest, UnsupportedMediaType

JSON = "application/json"

MAX_DIGITS = 38
"""How many significant digits DynamoDB keeps of a number."""

MAX_EXPONENT = 125
"""How large or small a number DynamoDB keeps, as a power of ten."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request. Header names are in lower case; `path` is what the client called, the stage's prefix included."""

    method: str
    path: str
    item_id: str = ""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    request_id: str = ""
    authorizer: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Request":
        """The request in an event of either payload format. Raises BadRequest where the body cannot be decoded."""
        context: Mapping[str, Any] = event["requestContext"]
        if event.get("version") == "2.0":
            method, path = context["http"]["method"], event["rawPath"]
        else:
            method, path = event["httpMethod"], context["path"]
        return cls(
            method=method,
            path=path,
            item_id=_mapping(event.get("pathParameters")).get("id", ""),
            query=_query(event),
            headers={name.lower(): value for name, value in _mapping(event.get("headers")).items()},
            body=_body(event),
            request_id=context.get("requestId", ""),
            authorizer=authorizer_context(event),
        )

    def json_object(self, *media_types: str) -> dict[str, Any]:
        """The body as a JSON object, its numbers exact.

        Raises UnsupportedMediaType where the body is declared to be of another type, BadRequest where it is no JSON
        object or could be read in two ways (a member twice, NaN).
        """
        self._require_media_type(media_types)
        try:
            value = json.loads(
                self.body.decode(), object_pairs_hook=_members, parse_float=Decimal, parse_constant=_refuse_constant
            )
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"The body is not valid JSON: {_place(error)}.") from None
        if not isinstance(value, dict):
            raise BadRequest("The body has to be a JSON object.")
        if wrong := tuple(_unstorable(value, "")):
            raise BadRequest("The body holds what cannot be stored.", wrong)
        return cast("dict[str, Any]", value)

    def _require_media_type(self, allowed: tuple[str, ...]) -> None:
        declared, _, parameters = self.headers.get("content-type", "").lower().partition(";")
        charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
        if declared.strip() not in allowed or charset not in ("", "utf-8"):
            raise UnsupportedMediaType(f"The body's Content-Type has to be {' or '.join(allowed)}, in UTF-8.")
        if self.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaType("The body may not have a Content-Encoding.")


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer: `document` becomes the JSON body; None leaves the body empty."""

    status: int
    document: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    media_type: str = JSON

    def to_event(self, more_headers: Mapping[str, str], *, with_body: bool) -> dict[str, Any]:
        """The answer as a proxy integration returns it; a HEAD request is answered without the body."""
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **self.headers, **more_headers}
        if self.document is not None:
            headers["Content-Type"] = self.media_type
        body = _ENCODER.encode(self.document).decode() if self.document is not None else ""
        return {"statusCode": int(self.status), "headers": headers, "body": body if with_body else ""}


def authorizer_context(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The context that the authorizer returned, in an event of either payload format; empty where there is none."""
    context = _mapping(_mapping(event.get("requestContext")).get("authorizer"))
    return _mapping(context.get("lambda")) if event.get("version") == "2.0" else context


def _mapping(value: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """API Gateway sends null for what is empty."""
    return value or {}


def _query(event: Mapping[str, Any]) -> dict[str, str]:
    """The query parameters; one that is given twice is refused, as it would mean two things."""
    several = _mapping(event.get("multiValueQueryStringParameters"))
    if repeated := sorted(name for name, values in several.items() if len(values) > 1):
        raise BadRequest(f"Query parameters may be given once: {', '.join(repeated)}.")
    return dict(_mapping(event.get("queryStringParameters")))


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise BadRequest("The body is not valid base64.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"member {name!r} is given twice")
        members[name] = value
    return members


def _unstorable(value: Any, place: str) -> Iterator[FieldError]:
    """Values that would not come back as they came: numbers with too many digits, text that is no Unicode."""
    match value:
        case str():
            if any("\ud800" <= character <= "\udfff" for character in value):
                yield FieldError(place, "half of a surrogate pair is no character")
        case int() | Decimal() if not isinstance(value, bool):
            digits = Decimal(value).normalize().as_tuple()
            if len(digits.digits) > MAX_DIGITS or abs(Decimal(value).adjusted()) > MAX_EXPONENT:
                yield FieldError(place, f"allowed are {MAX_DIGITS} significant digits and exponents to {MAX_EXPONENT}")
        case dict():
            for name, each in cast("dict[str, Any]", value).items():
                yield from _unstorable(name, place or name)
                yield from _unstorable(each, f"{place}.{name}" if place else name)
        case list():
            for index, each in enumerate(cast("list[Any]", value)):
                yield from _unstorable(each, f"{place}[{index}]")
        case _:
            pass


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _place(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
